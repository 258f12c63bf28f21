"""Environments in processes of their own do what those in this one do."""

from __future__ import annotations

import numpy as np
import pytest
from toy_environment import CAMERAS

from vita_dataset.errors import DataError, UsageError
from vita_train.environment_group import LocalGroup
from vita_train.environment_layout import Needs
from vita_train.environment_processes import SpreadGroup, open_group
from vita_train.online_settings import environment_settings

NEEDS = Needs(CAMERAS, "observation.state", 3, 3, 10.0)


def toy(name="toy/Reach-v0", **kwargs):
    return environment_settings("toy_environment", name, kwargs)


def act(value):
    return np.full(3, value, np.float32)


def test_they_do_the_same_and_end_with_the_group():
    with open_group(toy(), NEEDS, 3, processes=2) as spread, open_group(toy(), NEEDS, 3, processes=0) as local:
        assert isinstance(spread, SpreadGroup)
        assert isinstance(local, LocalGroup)
        assert spread.do({}) == {}
        for calls in ({0: 5, 1: 6, 2: 7}, {2: act(0.2), 0: act(0.95)}, {0: 9, 1: act(0.0)}):
            one, other = spread.do(calls), local.do(calls)
            assert list(one) == list(other) == list(calls)
            for number in calls:
                assert (one[number].reward, one[number].ended) == (other[number].reward, other[number].ended)
                for key, value in one[number].seen.items():
                    np.testing.assert_array_equal(value, other[number].seen[key])
        processes = [process for process, _ in spread._workers]
        assert all(process.is_alive() for process in processes)
    assert [process.exitcode for process in processes] == [0, 0]


def test_what_goes_wrong_in_a_process_is_said_here():
    with pytest.raises(UsageError, match="knows no environment 'toy/Grasp-v0'"):
        SpreadGroup(toy("toy/Grasp-v0"), NEEDS, 1, processes=1)
    with SpreadGroup(toy(trouble="step 5"), NEEDS, 1, processes=1) as group:
        group.do({0: 5})
        with pytest.raises(DataError, match=r"in step 1 of the episode with seed 5 \(RuntimeError: the arm fell off"):
            group.do({0: act(0.0)})


def test_a_process_that_dies_is_an_error_and_no_wait():
    group = SpreadGroup(toy(trouble="die 5"), NEEDS, 1, processes=1)
    group.do({0: 5})
    with pytest.raises(DataError, match="a process that runs the environment 'toy/Reach-v0' died"):
        group.do({0: act(0.0)})
    with pytest.raises(DataError, match="died"):
        group.do({0: act(0.0)})
    group.close()
    group.close()


def test_an_environment_that_does_not_close_stops_nobody(caplog):
    group = LocalGroup(toy(), NEEDS, range(2))
    group._opened[0].close()
    group.close()
    assert "failed while closing (AssertionError" in caplog.text
