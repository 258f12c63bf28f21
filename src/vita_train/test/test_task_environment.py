"""One environment, step by step."""

from __future__ import annotations

import numpy as np
import pytest
from toy_environment import CAMERAS

from vita_dataset.errors import DataError
from vita_train.environment_layout import Needs
from vita_train.environments import open_environment
from vita_train.online_settings import environment_settings

NEEDS = Needs(CAMERAS, "observation.state", 3, 3, 10.0)


@pytest.fixture
def make():
    made = []

    def make(**kwargs):
        made.append(open_environment(environment_settings("toy_environment", "toy/Reach-v0", kwargs), NEEDS))
        return made[-1]

    yield make
    for environment in made:
        environment.close()


def act(value):
    return np.full(3, value, np.float32)


def test_an_episode_ends_in_success_or_at_its_limit(make):
    environment = make(length=3)
    start = environment.reset(1)
    assert (start.ended, start.success, start.reward) == (False, False, 0.0)
    step = environment.step(act(0.5))
    assert (step.ended, step.success, step.reward) == (False, False, -0.5)
    step = environment.step(act(0.95))
    assert (step.ended, step.success) == (True, True)
    environment.reset(1)
    ends = [environment.step(act(0.0)).ended for _ in range(3)]
    assert ends == [False, False, True]


def test_the_seed_decides_the_start(make):
    environment = make()
    one, other, again = (environment.reset(seed).seen["observation.state"] for seed in (3, 4, 3))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_actions_stay_within_the_action_space(make):
    environment = make()
    environment.reset(0)
    np.testing.assert_array_equal(environment.step(act(9.0)).seen["observation.state"], act(2.0))


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("step 5", r"failed in step 2 of the episode with seed 5 \(RuntimeError: the arm fell off, at .*toy_environm"),
        ("reward", "its reward is inf"),
        ("mute", "does not say whether an episode is a success"),
    ],
)
def test_what_goes_wrong_says_where(make, trouble, words):
    environment = make(length=1, trouble="" if trouble.startswith("step") else trouble)
    environment.reset(5)
    if trouble.startswith("step"):
        environment.step(act(0.0))
        environment._env.unwrapped.trouble = trouble
    with pytest.raises(DataError, match=words):
        environment.step(act(0.0))
