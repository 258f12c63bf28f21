from __future__ import annotations

from pathlib import Path

import pytest

from vita_dataset.robot import read_parameters, read_robot_file
from vita_policy_node.settings import SETTINGS, read_settings

CONFIG = Path(__file__).resolve().parents[1] / "config"
UR12E = (
    "shoulder_pan_joint",
    "shoulder_lift_joint",
    "elbow_joint",
    "wrist_1_joint",
    "wrist_2_joint",
    "wrist_3_joint",
    "gripper",
)


@pytest.mark.parametrize("path", sorted(CONFIG.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_robot_file_is_whole_and_free_of_unknown_words(path):
    robot = read_robot_file(path)
    parameters = read_parameters(path)
    assert read_settings(parameters).rate_hz > 0
    known = {setting.name for setting in SETTINGS} | {"cameras", "arms"}
    members = {"topic", "key", "transport", "joints", "policy_names", "state_topic", "command_topic", "command_type"}
    members |= {"position_min", "position_max", "max_step", "is_gripper", "arm"}
    names = {camera.name for camera in robot.cameras} | {arm.name for arm in robot.arms}
    for parameter in parameters:
        group, _, rest = parameter.partition(".")
        name, _, member = rest.partition(".")
        assert parameter in known or (group in ("camera", "arm") and name in names and member in members), parameter
    for value in parameters.values():
        # ROS 2 refuses a list that mixes integers and floats.
        assert not isinstance(value, list) or len({type(item) for item in value}) == 1


def test_the_ur12e_is_one_arm_with_a_gripper_and_two_cameras():
    robot = read_robot_file(CONFIG / "ur12e.yaml")
    assert robot.policy_names == UR12E
    assert {camera.name: camera.key for camera in robot.cameras} == {
        "front": "observation.images.image",
        "wrist_right": "observation.images.wrist_right_image",
    }


def test_the_r2v2_is_two_arms_of_seven_joints_with_grippers_and_three_cameras():
    robot = read_robot_file(CONFIG / "r2v2.yaml")
    assert [arm.name for arm in robot.arms] == ["right_arm", "left_arm"]
    assert [len(arm.joints) for arm in robot.arms] == [8, 8]
    assert [camera.key for camera in robot.cameras] == [
        "observation.images.image",
        "observation.images.wrist_left_image",
        "observation.images.wrist_right_image",
    ]
