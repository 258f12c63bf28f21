from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from vita_train.start_pose import start_pose

DATASET = SimpleNamespace(
    state=np.arange(12, dtype=np.float32).reshape(6, 2), episode_ends=np.array([3, 5, 6]), episode_count=3
)


def test_it_looks_at_the_first_state_of_each_episode():
    found = start_pose(DATASET, {2, 0})
    assert found is not None
    assert (found.count, found.min.tolist(), found.max.tolist()) == (2, [0.0, 1.0], [10.0, 11.0])
    assert found.mean.tolist() == [5.0, 6.0]


def test_of_no_known_episode_there_is_none():
    assert start_pose(DATASET, [3, 4]) is None
    assert start_pose(DATASET, []) is None
