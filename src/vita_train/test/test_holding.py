from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from vita_dataset.spec import VectorSpec
from vita_train.holding import COMMANDED, MEASURED, held_poses
from vita_train.windows import make_windows

ENDS = np.array([3, 5])
STATE = np.arange(15, dtype=np.float32).reshape(5, 3)
ACTION = 100 + np.arange(10, dtype=np.float32).reshape(5, 2)


def held(state_names, action_names, episodes=None):
    spec = SimpleNamespace(state=VectorSpec("s", 3, state_names), action=VectorSpec("a", 2, action_names))
    dataset = SimpleNamespace(spec=spec, state=STATE, action=ACTION, episode_ends=ENDS)
    return held_poses(dataset, make_windows(ENDS, 4, episodes))


def test_joints_are_found_by_name():
    poses, what = held(("x", "y", "z"), ("z", "x"), [1])
    assert what == MEASURED
    assert poses.tolist() == [[11, 9], [14, 12]]


def test_without_names_the_last_command_stays_in_force_within_the_episode():
    for names in (None, ("x", "w")):
        poses, what = held(None if names is None else ("x", "y", "z"), names)
        assert what == COMMANDED
        assert np.array_equal(poses, ACTION[[0, 0, 1, 3, 3]])
