from __future__ import annotations

import pytest

from vita_dataset.errors import UsageError
from vita_train.distribution_settings import DistributionSettings, read_distribution
from vita_train.values import Values


def read(devices=None, num_nodes=1, strategy="auto"):
    values = Values({"train": {"devices": devices, "num_nodes": num_nodes, "strategy": strategy}})
    return read_distribution(values), values


@pytest.mark.parametrize(
    ("devices", "nodes", "processes"), [(None, 1, 1), (2, 1, 2), ([0, 3, 1], 1, 3), (4, 2, 8), (None, 3, 3)]
)
def test_how_many_processes_there_are(devices, nodes, processes):
    found, values = read(devices, nodes)
    values.refuse_if_bad()
    assert found.processes == processes
    assert isinstance(found, DistributionSettings)


@pytest.mark.parametrize("wrong", [{"devices": 0}, {"devices": "all"}, {"devices": [1, 1]}, {"devices": [-1]}])
def test_devices_that_cannot_be(wrong):
    _, values = read(**wrong)
    with pytest.raises(UsageError, match=r"train\.devices"):
        values.refuse_if_bad()


def test_a_strategy_that_would_split_the_network_is_refused_by_name():
    _, values = read(strategy="fsdp")
    with pytest.raises(UsageError, match=r"train\.strategy must be one of auto, ddp, but is 'fsdp'"):
        values.refuse_if_bad()
