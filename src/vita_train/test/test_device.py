from __future__ import annotations

import pytest

from vita_dataset.errors import UsageError
from vita_train.device import read_device


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
