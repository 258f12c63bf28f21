from __future__ import annotations

import pytest

from vita_dataset.errors import UsageError
from vita_train.online_settings import EnvironmentSettings, environment_settings, read_online
from vita_train.values import Values

VAL = {"val_online_freq": 0, "eval_n_episodes": 3, "eval_n_envs": 2, "eval_n_processes": 0} | {
    "num_viz_videos": 1,
    "eval_seed": 7,
}


def read(package=None, name=None, kwargs=None, **val):
    values = Values(
        {"task": {"env_package": package, "env_name": name, "env_kwargs": kwargs}, "val": VAL | val},
    )
    result = read_online(values)
    values.refuse_if_bad()
    return result


def test_an_environment_may_be_named_without_being_asked_for():
    result = read("gym_pusht", "PushT-v0", {"obs_type": "pixels_agent_pos"})
    assert result.environment == EnvironmentSettings("gym_pusht", "PushT-v0", {"obs_type": "pixels_agent_pos"})
    assert (result.freq, result.rollout.episodes, result.rollout.seed) == (0, 3, 7)
    assert read().environment is None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"val_online_freq": 5}, "val.val_online_freq=5 needs an environment; name it with task.env_name"),
        ({"package": "gym_pusht"}, "say nothing without task.env_name"),
        ({"kwargs": {"a": 1}}, "say nothing without task.env_name"),
        ({"name": "PushT-v0", "kwargs": [1]}, r"task.env_kwargs must be null or give arguments by name, but is \[1\]"),
        ({"name": 3}, "task.env_name must be a text"),
        ({"val_online_freq": -1}, "val.val_online_freq must be a whole number from 0 up"),
    ],
)
def test_what_makes_no_sense(settings, words):
    with pytest.raises(UsageError, match=words):
        read(**settings)


def test_gymnasiums_way_to_write_package_and_name():
    assert environment_settings(None, "gym_pusht:PushT-v0", None) == EnvironmentSettings("gym_pusht", "PushT-v0", {})
    assert environment_settings("mine", "gym_pusht:PushT-v0", None).package == "mine"
    assert environment_settings(None, "CartPole-v1", None).package is None
