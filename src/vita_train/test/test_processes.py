from __future__ import annotations

import pytest

from vita_dataset.errors import UsageError
from vita_train.distribution_settings import DistributionSettings
from vita_train.processes import Processes, read_processes

TWO = DistributionSettings(devices=2)
FOUR = DistributionSettings(devices=2, num_nodes=2)
MAIN = {"MASTER_ADDR": "10.0.0.1", "MASTER_PORT": "29500"}


def test_one_process_unless_more_are_asked_for():
    assert read_processes("cpu", DistributionSettings(), 0, {}) == Processes(("cpu",))
    alone = read_processes("cuda", DistributionSettings(strategy="ddp"), 1, {"LOCAL_RANK": "0"})
    assert (alone.device, alone.together, alone.is_chief, alone.count) == ("cuda:0", True, True, 1)


@pytest.mark.parametrize(
    ("settings", "environment", "rank", "device"),
    [
        (TWO, {}, 0, "cuda:0"),
        (TWO, {"LOCAL_RANK": "1", "WORLD_SIZE": "2"}, 1, "cuda:1"),
        (TWO, {"LOCAL_RANK": "1", "NODE_RANK": "3"}, 1, "cuda:1"),
        (DistributionSettings(devices=(3, 1)), {"LOCAL_RANK": "1"}, 1, "cuda:1"),
        (FOUR, {**MAIN, "NODE_RANK": "1"}, 2, "cuda:0"),
        (FOUR, {**MAIN, "GROUP_RANK": "1", "LOCAL_RANK": "1", "WORLD_SIZE": "4"}, 3, "cuda:1"),
    ],
)
def test_each_knows_its_place(settings, environment, rank, device):
    found = read_processes("cuda", settings, 4, environment)
    assert (found.rank, found.device, found.together) == (rank, device, True)
    assert found.is_chief == (rank == 0)
    assert found.count == settings.processes


@pytest.mark.parametrize(
    ("settings", "environment", "message"),
    [
        (FOUR, {}, "needs MASTER_ADDR, MASTER_PORT, NODE_RANK"),
        (FOUR, MAIN, "needs NODE_RANK"),
        (FOUR, {**MAIN, "NODE_RANK": "2"}, "process 0 of machine 2"),
        (FOUR, {**MAIN, "NODE_RANK": "one"}, "NODE_RANK must be a whole number"),
        (TWO, {"LOCAL_RANK": "2"}, "process 2 of machine 0"),
        (DistributionSettings(), {"LOCAL_RANK": "0", "WORLD_SIZE": "2"}, "2 processes were started"),
    ],
)
def test_settings_that_do_not_fit_the_environment_are_refused(settings, environment, message):
    with pytest.raises(UsageError, match=message):
        read_processes("cpu", settings, 0, environment)
