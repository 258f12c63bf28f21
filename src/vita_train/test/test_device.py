from __future__ import annotations

import pytest

from vita_dataset.errors import UsageError
from vita_train.device import read_device, read_devices


@pytest.mark.parametrize(
    ("device", "available", "expected"),
    [("auto", 0, "cpu"), ("auto", 2, "cuda:0"), ("cpu", 2, "cpu"), ("cuda", 1, "cuda:0"), ("cuda:1", 2, "cuda:1")],
)
def test_names(device, available, expected):
    assert read_device(device, available) == expected


@pytest.mark.parametrize(
    ("device", "message"),
    [("cuda:2", "torch sees 2"), ("gpu", "auto, cpu, cuda"), ("cuda:", "auto"), ("cuda:x", "auto")],
)
def test_refusals(device, message):
    with pytest.raises(UsageError, match=message):
        read_device(device, 2)


@pytest.mark.parametrize(
    ("device", "devices", "expected"),
    [
        ("cpu", None, ("cpu",)),
        ("cpu", 3, ("cpu", "cpu", "cpu")),
        ("auto", 2, ("cuda:0", "cuda:1")),
        ("cuda", 1, ("cuda:0",)),
        ("cuda:1", 1, ("cuda:1",)),
        ("cuda:1", (1,), ("cuda:1",)),
        ("cuda", (2, 0), ("cuda:2", "cuda:0")),
    ],
)
def test_several(device, devices, expected):
    assert read_devices(device, devices, 3) == expected


@pytest.mark.parametrize(
    ("device", "devices", "message"),
    [
        ("cpu", (0, 1), "names GPUs, but the run is on a CPU"),
        ("cuda:1", 2, "use device=cuda"),
        ("cuda:1", (0,), "use device=cuda"),
        ("cuda", 4, "asks for GPU 3, but torch sees 3"),
        ("cuda", (1, 7), "asks for GPU 7"),
    ],
)
def test_several_that_are_not_here(device, devices, message):
    with pytest.raises(UsageError, match=message):
        read_devices(device, devices, 3)
