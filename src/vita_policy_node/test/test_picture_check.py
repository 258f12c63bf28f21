from __future__ import annotations

import copy
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from policy_node_fakes import HEIGHT, KEYS, PARAMETERS, PERIOD_NS, START_NS, WIDTH, pixels, robot, settings, spec

from vita_dataset.robot import parse_robot
from vita_dataset.spec import VectorSpec
from vita_policy_node.contract import Layout, check_contract
from vita_policy_node.observation_sync import MatchedSet
from vita_policy_node.picture_check import PictureCheck, spread
from vita_policy_node.plausibility import Finding

LAYOUT = check_contract(robot(), spec(), KEYS, settings())
HOME = np.array([0.0, 0.0, 0.5])
MOVE = 0.1


def shot(number: int) -> np.ndarray:
    return pixels(number * PERIOD_NS)


def look(check: PictureCheck, front: np.ndarray, wrist: np.ndarray, pose: np.ndarray = HOME) -> Finding | None:
    messages = (SimpleNamespace(data=front.tobytes()), SimpleNamespace(data=wrist.tobytes()), None)
    return check.check(MatchedSet(START_NS, messages), {KEYS[0]: front, KEYS[1]: wrist}, pose)


def make(layout: Layout = LAYOUT, blank_spread: float = 2.0, frozen_move_rad: float = MOVE) -> PictureCheck:
    return PictureCheck(layout, blank_spread, frozen_move_rad)


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    colour=st.tuples(*[st.integers(0, 255)] * 3),
    noise=st.integers(0, 2),
    # Of very few values the spread may be anything.
    size=st.tuples(st.integers(8, 300), st.integers(8, 300)),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_picture_of_one_colour_with_a_little_noise_is_blank(colour, noise, size, seed):
    values = np.array(colour) + np.random.default_rng(seed).integers(-noise, noise + 1, (*size, 3))
    picture = np.clip(values, 0, 255).astype(np.uint8)
    found = look(make(), shot(0), picture)
    assert found is not None
    assert found.faults == ("blank: camera 'wrist'",)
    assert "camera 'wrist' sends blank pictures" in found.reason
    assert look(make(blank_spread=0.0), shot(0), picture) is None


@pytest.mark.parametrize("light", [8, 40, 255])
def test_a_dark_scene_with_one_light_is_not_blank(light):
    picture = np.zeros((480, 640, 3), dtype=np.uint8)
    picture[100:300, 100:300, 2] = light
    assert spread(picture) > 2.0
    assert look(make(), picture, shot(0)) is None


poses = st.lists(st.sampled_from([0.0, 0.02, 0.09, 0.11, 0.3]), min_size=3, max_size=3).map(np.array)


@hypothesis_settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), poses), min_size=1, max_size=20))
def test_frozen_is_a_picture_that_stays_while_an_arm_joint_moves(sequence):
    check = make()
    first, since, frozen = None, HOME, False
    for step, (picture, pose) in enumerate(sequence):
        if picture != first:
            first, since, frozen = picture, pose, False
        frozen |= bool(np.abs(pose - since)[:2].max() > MOVE)
        found = look(check, shot(picture), shot(100 + step), pose)
        assert (found is not None) is frozen
        assert found is None or found.faults == ("frozen: camera 'front'",)


def test_a_frozen_camera_stays_frozen_when_the_arm_is_moved_back():
    check = make()
    assert look(check, shot(0), shot(0)) is None
    for number, pose in enumerate((HOME + 0.2, HOME), 1):
        found = look(check, shot(0), shot(number), pose)
        assert found is not None
        assert found.faults == ("frozen: camera 'front'",)
    assert look(check, shot(1), shot(3)) is None


def test_a_gripper_that_moves_changes_no_picture():
    check = make()
    assert look(check, shot(0), shot(0)) is None
    assert look(check, shot(0), shot(0), HOME + np.array([0.0, 0.0, 0.5])) is None
    assert look(check, shot(0), shot(0), HOME + np.array([0.2, 0.0, 0.0])) is not None
    off = make(frozen_move_rad=0.0)
    assert look(off, shot(0), shot(0)) is None
    assert look(off, shot(0), shot(0), HOME + np.array([0.2, 0.0, 0.0])) is None


def test_a_camera_on_an_arm_is_not_frozen_when_the_other_arm_moves():
    parameters = copy.deepcopy(PARAMETERS)
    one = parameters["arm"].pop("arm")
    parameters["arms"] = ["right", "left"]
    names = {side: [f"{side}_{name}" for name in one["joints"]] for side in parameters["arms"]}
    for side, joints in names.items():
        topics = {"state_topic": f"/{side}/states", "command_topic": f"/{side}/commands"}
        parameters["arm"][side] = {**one, **topics, "joints": joints, "policy_names": joints}
    parameters["camera"]["wrist"]["arm"] = "left"
    both = tuple(names["right"] + names["left"])
    dataset = spec(state=VectorSpec("observation.state", 6, both), action=VectorSpec("action", 6, both))
    check = make(check_contract(parse_robot(parameters), dataset, KEYS, settings()))
    assert look(check, shot(0), shot(0), np.zeros(6)) is None
    found = look(check, shot(0), shot(0), 0.5 * np.eye(6)[0])
    assert found is not None
    assert found.faults == ("frozen: camera 'front'",)
    found = look(check, shot(0), shot(0), 0.5 * np.eye(6)[3])
    assert found is not None
    assert found.faults == ("frozen: camera 'front'", "frozen: camera 'wrist'")


def test_several_faults_are_told_together_and_gone_when_the_cameras_are_back():
    check = make()
    black = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    assert look(check, shot(0), black) is not None
    found = look(check, shot(0), black, HOME + 1.0)
    assert found is not None
    assert found.faults == ("frozen: camera 'front'", "blank: camera 'wrist'")
    assert look(check, shot(1), shot(1), HOME + 1.0) is None
