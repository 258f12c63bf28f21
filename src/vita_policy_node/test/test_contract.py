from __future__ import annotations

import copy

import numpy as np
import pytest
from policy_node_fakes import KEYS, NAMES, PARAMETERS, PERIOD_NS, robot, settings, spec

from vita_dataset.errors import DataError
from vita_dataset.robot import parse_robot
from vita_dataset.spec import CameraSpec, VectorSpec
from vita_policy_node.commands import command_messages
from vita_policy_node.contract import JointInput, check_contract


def two_arms() -> dict:
    """Right arm first in the robot file, both report on one topic."""
    parameters = copy.deepcopy(PARAMETERS)
    parameters["arms"] = ["right", "left"]
    one = parameters["arm"].pop("arm")
    for side in ("right", "left"):
        parameters["arm"][side] = {
            **one,
            "joints": [f"{side}_j1", f"{side}_j2", f"{side}_grip"],
            "policy_names": [f"{side}_{name}" for name in NAMES],
            "state_topic": "/joint_states",
            "command_topic": f"/{side}/joint_trajectory",
        }
    parameters["arm"]["left"]["position_max"] = [1.0, 2.0, 0.5]
    return parameters


def test_a_robot_that_fits_gives_the_order_of_everything():
    layout = check_contract(robot(), spec(), KEYS, settings())
    assert [stream.topic for stream in layout.streams] == ["/front/image", "/wrist/image", "/arm/joint_states"]
    assert [(camera.key, camera.stream) for camera in layout.cameras] == [(KEYS[0], 0), (KEYS[1], 1)]
    assert layout.state == (JointInput(2, "j1"), JointInput(2, "j2"), JointInput(2, "grip"))
    assert layout.limits.names == NAMES
    assert layout.arms[0].indices == (0, 1, 2)
    assert layout.period_ns == PERIOD_NS


def test_arms_and_joints_are_found_by_name_whatever_the_policy_s_order():
    state = tuple(f"{side}_{name}" for side in ("left", "right") for name in NAMES)
    action = tuple(f"{side}_{name}" for name in reversed(NAMES) for side in ("left", "right"))
    dataset = spec(state=VectorSpec("observation.state", 6, state), action=VectorSpec("action", 6, action))
    layout = check_contract(parse_robot(two_arms()), dataset, KEYS[::-1], settings())
    assert [camera.key for camera in layout.cameras] == list(KEYS[::-1])
    assert [stream.topic for stream in layout.streams].count("/joint_states") == 1
    assert layout.state[0] == JointInput(2, "left_j1")
    assert layout.pose[0] == JointInput(2, "left_grip")
    right, left = layout.arms
    assert [action[index] for index in right.indices] == [f"right_{name}" for name in NAMES]
    assert [action[index] for index in left.indices] == [f"left_{name}" for name in NAMES]
    assert layout.limits.position_max[action.index("left_gripper")] == 0.5
    assert np.array_equal(layout.limits.max_step[[0, 1]], [0.2, 0.2])
    messages = command_messages(layout, np.arange(6.0), 1)
    assert messages[0].joint_names == ["right_j1", "right_j2", "right_grip"]
    assert list(messages[1].points[0].positions) == [float(action.index(f"left_{name}")) for name in NAMES]


def test_grippers_are_known_by_their_names_or_by_the_robot_file_s_word():
    parameters = two_arms()
    layout = check_contract(robot(), spec(), KEYS, settings())
    assert layout.arm_joints.tolist() == [True, True, False]
    parameters["arm"]["right"]["joints"][2] = "right_j3"
    parameters["arm"]["right"]["policy_names"][2] = "right_wrist"
    read = parse_robot(parameters)
    assert [arm.is_gripper for arm in read.arms] == [(False, False, False), (False, False, True)]
    parameters["arm"]["right"]["is_gripper"] = [False, True, True]
    parameters["arm"]["left"]["is_gripper"] = [False, False, False]
    read = parse_robot(parameters)
    assert [arm.is_gripper for arm in read.arms] == [(False, True, True), (False, False, False)]


@pytest.mark.parametrize("value", [True, "grip", [True], [0, 0, 1], [False, False, None]])
def test_is_gripper_is_one_yes_or_no_for_each_joint(value):
    parameters = copy.deepcopy(PARAMETERS)
    parameters["arm"]["arm"]["is_gripper"] = value
    with pytest.raises(DataError, match=r"arm\.arm\.is_gripper' must be 3 times true or false"):
        parse_robot(parameters)


def test_a_camera_is_moved_by_the_arm_that_carries_it():
    names = tuple(f"{side}_{name}" for side in ("left", "right") for name in NAMES)
    dataset = spec(state=VectorSpec("observation.state", 6, names), action=VectorSpec("action", 6, names))
    parameters = two_arms()
    parameters["camera"]["wrist"]["arm"] = "left"
    layout = check_contract(parse_robot(parameters), dataset, KEYS, settings())
    assert [sorted(camera.moved_by) for camera in layout.cameras] == [[0, 1, 3, 4], [0, 1]]
    parameters["camera"]["wrist"]["arm"] = "middle"
    with pytest.raises(DataError, match=r"camera\.wrist\.arm' must be one of \['right', 'left'\]"):
        parse_robot(parameters)


def test_the_refusal_lists_every_mismatch():
    dataset = spec(
        fps=45.0,
        cameras=(CameraSpec(KEYS[0], 32, 40), CameraSpec("observation.images.other", 32, 40)),
        state=VectorSpec("observation.state", 3, ("shoulder", "elbow", "thumb")),
        action=VectorSpec("action", 2, ("shoulder", "elbow")),
    )
    with pytest.raises(DataError) as error:
        check_contract(robot(), dataset, (KEYS[0], "observation.images.other"), settings())
    text = str(error.value)
    for words in (
        "needs camera 'observation.images.other'",
        "camera 'wrist' feeds 'observation.images.wrist'",
        "'thumb', which no arm has",
        "'gripper' is not in the policy's state",
        "'gripper' is not in the policy's action",
        "rate_hz is 30, but the policy was trained at 45 Hz; it must be that or more",
        "test/arm",
    ):
        assert words in text


def test_one_image_fed_twice_is_refused():
    parameters = copy.deepcopy(PARAMETERS)
    parameters["camera"]["wrist"]["key"] = KEYS[0]
    with pytest.raises(DataError, match="more than one camera"):
        check_contract(parse_robot(parameters), spec(), KEYS[:1], settings())


def test_a_camera_that_is_not_rgb_is_refused():
    cameras = (CameraSpec(KEYS[0], 32, 40, 1), CameraSpec(KEYS[1], 32, 40))
    with pytest.raises(DataError, match="1 channels"):
        check_contract(robot(), spec(cameras=cameras), KEYS, settings())


def test_a_checkpoint_without_names_needs_the_operator_s_word():
    unnamed = spec(state=VectorSpec("observation.state", 3), action=VectorSpec("action", 3))
    with pytest.raises(DataError, match="allow_unnamed_joints"):
        check_contract(robot(), unnamed, KEYS, settings())
    layout = check_contract(robot(), unnamed, KEYS, settings(allow_unnamed_joints=True))
    assert layout.limits.names == NAMES
    wider = spec(state=VectorSpec("observation.state", 4), action=VectorSpec("action", 3))
    with pytest.raises(DataError, match="4 elements, the robot has 3 joints"):
        check_contract(robot(), wider, KEYS, settings(allow_unnamed_joints=True))


def test_rate_zero_takes_the_policy_s():
    layout = check_contract(robot(), spec(fps=10.0), KEYS, settings(rate_hz=0.0))
    assert (layout.period_ns, layout.step_ns, layout.ticks_per_step) == (100_000_000, 100_000_000, 1.0)


def test_a_rate_that_is_the_policy_s_but_for_its_last_digits_is_the_policy_s():
    for rate_hz in (29.98, 30.0, 30.02):
        layout = check_contract(robot(), spec(), KEYS, settings(rate_hz=rate_hz))
        assert layout.period_ns == layout.step_ns == PERIOD_NS
    with pytest.raises(DataError, match=r"rate_hz is 29.9, but the policy was trained at 30 Hz; it must be that"):
        check_contract(robot(), spec(), KEYS, settings(rate_hz=29.9))


@pytest.mark.parametrize("rate_hz", [31.0, 45.0, 100.0, 125.0, 1000.0])
def test_a_faster_rate_makes_no_joint_faster(rate_hz):
    parameters = copy.deepcopy(PARAMETERS)
    parameters["arm"]["arm"]["max_velocity"] = [1.0, 9.0, 9.0]
    own = check_contract(parse_robot(parameters), spec(), KEYS, settings())
    faster = check_contract(parse_robot(parameters), spec(), KEYS, settings(rate_hz=rate_hz))
    assert faster.period_ns == round(1e9 / rate_hz)
    assert faster.step_ns == own.period_ns
    assert np.allclose(faster.limits.max_step * faster.ticks_per_step, own.limits.max_step, rtol=1e-12)
    assert np.allclose(faster.speed_per_s, own.speed_per_s, rtol=1e-12)
    assert np.allclose(faster.limits.motion.max_velocity, own.limits.motion.max_velocity, rtol=1e-12)
    # The controller is to reach each point when the next one comes.
    (message,) = command_messages(faster, np.zeros(3), 0)
    assert message.points[0].time_from_start.nanosec == faster.period_ns


def test_a_schedule_that_does_not_fit_the_policy_is_among_the_mismatches():
    with pytest.raises(DataError, match=r"rate_hz is 20, .*; replan_steps is 8, but must be below the policy's 8"):
        check_contract(robot(), spec(), KEYS, settings(rate_hz=20.0, schedule="receding", replan_steps=8), 8)
    assert check_contract(robot(), spec(), KEYS, settings(replan_steps=8), 8)
