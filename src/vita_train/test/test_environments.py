"""Opening an environment by name: what is found, what fits, and every way to be refused."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from toy_environment import CAMERAS, SIZE

from vita_dataset.errors import DataError, UsageError
from vita_train.environment_layout import Needs
from vita_train.environments import check_environment, open_environment
from vita_train.online_settings import environment_settings

NEEDS = Needs(CAMERAS, "observation.state", 3, 3, 10.0)
PACKAGE, NAME = "toy_environment", "toy/Reach-v0"


def opened(needs=NEEDS, package=PACKAGE, name=NAME, **kwargs):
    return open_environment(environment_settings(package, name, kwargs), needs)


@pytest.mark.parametrize("style", ["own", "short", "lerobot"])
def test_the_inputs_are_found_under_their_names(style):
    environment = opened(style=style)
    seen = environment.reset(7).seen
    assert sorted(seen) == sorted([*CAMERAS, "observation.state"])
    assert all(seen[key].shape == (*SIZE, 3) for key in CAMERAS)
    assert seen["observation.state"].dtype == np.float32
    first = {key: value.copy() for key, value in seen.items()}
    environment.step(np.ones(3, np.float32))
    # What was seen stays, although the environment draws into the same array again.
    for key, value in seen.items():
        np.testing.assert_array_equal(value, first[key])
    environment.close()


def test_one_camera_may_be_the_pixels_themselves():
    from gymnasium import Env, spaces

    from vita_train.environment_layout import find_layout

    env = Env()
    env.metadata = {}
    env.action_space = spaces.Box(-1, 1, (2,))
    env.observation_space = spaces.Dict(
        {"pixels": spaces.Box(0, 255, (8, 8, 3), np.uint8), "agent_pos": spaces.Box(-1, 1, (2,))}
    )
    layout, problems = find_layout(env, Needs(("observation.image",), "observation.state", 2, 2, 30.0))
    assert not problems
    seen = layout.read({"pixels": np.ones((8, 8, 3), np.uint8), "agent_pos": [0.0, 1.0]})
    assert seen["observation.image"].shape == (8, 8, 3)


@pytest.mark.parametrize(
    ("package", "name"),
    [
        (PACKAGE, "toy/Reach-v0"),
        (None, "toy_environment:toy/Reach-v0"),
        (PACKAGE, "toy_environment:toy/Reach-v0"),
    ],
)
def test_names_with_and_without_package(package, name):
    opened(package=package, name=name).close()


def test_the_package_may_be_left_out_of_the_name(monkeypatch):
    import gymnasium

    monkeypatch.setitem(gymnasium.registry, "toy_environment/Near-v1", gymnasium.spec("toy/Reach-v0"))
    opened(name="Near-v1").close()


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"package": "no_such_package"}, UsageError, "'no_such_package' cannot be imported"),
        ({"name": "toy/Grasp-v0"}, UsageError, "knows no environment 'toy/Grasp-v0'"),
        ({"name": "Grasp-v0", "package": None}, UsageError, "name in task.env_package the package"),
        ({"name": "toy/Impossible-v0"}, DataError, r"at gymnasium.make .*ValueError: no such robot"),
        ({"colour": "red"}, DataError, "unexpected keyword argument 'colour'"),
    ],
)
def test_what_cannot_be_opened(changes, kind, words):
    with pytest.raises(kind, match=words):
        opened(**changes)


def test_a_package_that_fails_while_it_is_imported(tmp_path, monkeypatch):
    (tmp_path / "broken_toy.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(DataError, match=r"importing task.env_package 'broken_toy' failed \(ZeroDivisionError"):
        opened(package="broken_toy")


def test_without_gymnasium(monkeypatch):
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    with pytest.raises(UsageError, match="not installed; pip install gymnasium"):
        opened()


def test_everything_that_does_not_fit_is_listed():
    needs = Needs((*CAMERAS, "observation.images.top"), "observation.state", 3, 7, 30.0)
    with pytest.raises(DataError) as caught:
        opened(needs, state_dim=4)
    for words in (
        "no image 'observation.images.top', it has observation.images.image",
        "'observation.state' has the shape [4], the policy's state [3]",
        "the policy's float [7]",
        "10 steps per second (metadata render_fps), the dataset 30",
    ):
        assert words in str(caught.value)
    with pytest.raises(DataError, match=r"no image .* no image .* no state 'observation.state', it has camera, joints"):
        opened(style="strange")
    opened(fps=None).close()


def test_spaces_that_are_no_arrays():
    from gymnasium import Env, spaces

    from vita_train.environment_layout import find_layout

    env = Env()
    env.metadata = {}
    env.observation_space, env.action_space = spaces.Box(0, 1, (4,)), spaces.Discrete(3)
    problems = find_layout(env, NEEDS)[1]
    assert "no dictionary of arrays but float" in problems[0]
    assert "its action is Discrete(3)" in problems[-1]
    chw = spaces.Box(0, 255, (3, 8, 8), np.uint8)
    env.observation_space = spaces.Dict(dict.fromkeys(CAMERAS, chw))
    assert "must be uint8 [H, W, 3], but is uint8 [3, 8, 8]" in find_layout(env, NEEDS)[1][0]


def check(**kwargs):
    check_environment(environment_settings(PACKAGE, NAME, kwargs), NEEDS)


def test_the_check_begins_an_episode_and_asks_for_success():
    check()
    check(style="lerobot")
    with pytest.raises(DataError, match=r"does not say whether an episode is a success: its info holds nothing"):
        check(trouble="mute")
    with pytest.raises(DataError, match=r"at the start of the episode with seed 0 \(RuntimeError: the scene is broken"):
        check(trouble="reset 0")
    with pytest.raises(DataError, match=r"its state is \[nan, nan, nan\] and not 3 finite numbers"):
        check(trouble="nan")
