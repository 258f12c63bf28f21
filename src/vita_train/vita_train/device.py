"""Which processors a training run uses."""

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


def read_devices(device: str, devices: int | tuple[int, ...] | None, available: int) -> tuple[str, ...]:
    """The processors of this machine that train together, one process on each.

    Args:
        device: as for ``read_device``.
        devices: how many processes, or the numbers of GPUs; None = one.
        available: how many CUDA devices this machine has.

    Returns:
        "cpu" once for each process, or "cuda:<n>" of different GPUs.

    Raises:
        UsageError: as for ``read_device``, GPUs that are not here, or a list where there can be none.
    """
    first = read_device(device, available)
    if devices is None:
        return (first,)
    if first == "cpu":
        if not isinstance(devices, int):
            raise UsageError(f"train.devices={list(devices)} names GPUs, but the run is on a CPU; give their number")
        return (first,) * devices
    if ":" in device and devices not in (1, (int(first.partition(":")[2]),)):
        raise UsageError(f"device={device} names one GPU, but train.devices asks for others too; use device=cuda")
    if devices == 1:
        return (first,)
    numbers = tuple(range(devices)) if isinstance(devices, int) else devices
    missing = [str(number) for number in numbers if number >= available]
    if missing:
        raise UsageError(
            f"train.devices asks for GPU {', '.join(missing)}, but torch sees {available} CUDA devices here, counted "
            "from 0; ask for fewer"
        )
    return tuple(f"cuda:{number}" for number in numbers)
