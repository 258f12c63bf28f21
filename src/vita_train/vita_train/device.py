"""Which processor a training run uses."""

from __future__ import annotations

from vita_dataset.errors import UsageError


def read_device(device: str, available: int) -> str:
    """Which processor a device name means.

    Args:
        device: "auto", "cpu", "cuda" or "cuda:<n>".
        available: how many CUDA devices this machine has.

    Returns:
        "cpu" or "cuda:<n>".

    Raises:
        UsageError: another text, or a CUDA device that is not here.
    """
    if device == "auto":
        return "cuda:0" if available else "cpu"
    if device == "cpu":
        return "cpu"
    name, _, number = device.partition(":")
    if name != "cuda" or (":" in device and not number.isdecimal()):
        raise UsageError(f"device must be auto, cpu, cuda or cuda:<n>, but is '{device}'; correct it")
    index = int(number or 0)
    if index >= available:
        raise UsageError(
            f"device '{device}' was asked for, but torch sees {available} CUDA devices here; "
            "use device=cpu, or install a CUDA build of torch and a driver"
        )
    return f"cuda:{index}"
