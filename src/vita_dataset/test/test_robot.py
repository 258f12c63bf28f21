import pytest
import yaml

from vita_dataset.errors import DataError
from vita_dataset.robot import flatten, parse_robot, read_parameters, read_robot_file


def test_reads_cameras_and_arms(robot_file):
    robot = read_robot_file(robot_file)
    assert [camera.transport for camera in robot.cameras] == ["raw", "compressed"]
    assert robot.policy_names == ("lift", "pan", "gripper")
    assert robot.arms[0].joints == ("lift_joint", "pan_joint")
    assert robot.arms[1].policy_names == ("gripper",)
    assert robot.arms[0].command_type == "joint_trajectory"


def test_dotted_and_nested_are_the_same(robot_file):
    nested = yaml.safe_load(robot_file.read_text())["/**"]["ros__parameters"]
    assert parse_robot(flatten(nested)) == parse_robot(nested)


def test_every_problem_is_listed(robot_file):
    parameters = flatten(yaml.safe_load(robot_file.read_text())["/**"]["ros__parameters"])
    parameters["camera.front.topic"] = ""
    parameters["camera.wrist.transport"] = "theora"
    parameters["arm.base.max_step"] = [0.1]
    parameters["arm.base.policy_names"] = ["lift"]
    parameters["arm.hand.position_min"] = [2.0]
    parameters["arm.hand.position_max"] = [float("nan")]
    with pytest.raises(DataError) as caught:
        parse_robot(parameters)
    for part in ("front.topic", "theora", "base.max_step", "2 joints but 1 policy_names", "hand.position_max"):
        assert part in str(caught.value)


def test_limits_of_motion_may_be_left_out_but_are_above_0(robot_file):
    parameters = flatten(yaml.safe_load(robot_file.read_text())["/**"]["ros__parameters"])
    assert parse_robot(parameters).arms[0].max_velocity == ()
    parameters["arm.base.max_velocity"] = [1.0, 2]
    parameters["arm.base.max_acceleration"] = [5.0, 1000.0]
    arm = parse_robot(parameters).arms[0]
    assert (arm.max_velocity, arm.max_acceleration) == ((1.0, 2.0), (5.0, 1000.0))
    parameters["arm.base.max_velocity"] = [1.0, 0.0]
    parameters["arm.base.max_acceleration"] = [5.0]
    with pytest.raises(DataError, match=r"max_velocity' must be above 0.*max_acceleration' must be 2 finite numbers"):
        parse_robot(parameters)


def test_nothing_is_used_twice(robot_file):
    parameters = flatten(yaml.safe_load(robot_file.read_text())["/**"]["ros__parameters"])
    parameters["camera.wrist.topic"] = "/front/image"
    parameters["arm.hand.policy_names"] = ["pan"]
    with pytest.raises(DataError, match=r"'/front/image' is used twice.*'pan' is used twice"):
        parse_robot(parameters)


@pytest.mark.parametrize("text", ["a: [", "just text", "node: {cameras: []}", "\xff"])
def test_a_file_that_is_no_robot_file(tmp_path, text):
    path = tmp_path / "robot.yaml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=r"robot\.yaml"):
        read_robot_file(path)
    with pytest.raises(DataError, match=r"none\.yaml"):
        read_robot_file(tmp_path / "none.yaml")


BLOCK = "{}:\n  ros__parameters:\n    a: 1\n"


@pytest.mark.parametrize("node", ["/**", "vita_policy", "/vita_policy"])
def test_one_block_for_the_policy_node_is_read(tmp_path, node):
    path = tmp_path / "robot.yaml"
    path.write_text(BLOCK.format(node))
    assert read_parameters(path) == {"a": 1}


@pytest.mark.parametrize(
    "text",
    [
        BLOCK.format("/**") + BLOCK.format("vita_policy"),
        BLOCK.format("/**") + "/:\n  vita_policy:\n    ros__parameters: {a: 2}\n",
        BLOCK.format("/**") + BLOCK.format("/**"),
        BLOCK.format("other_node"),
        BLOCK.format("/**") + "    a: 2\n",
        BLOCK.format("/**") + "    b: {c: 1}\n    b.c: 2\n",
    ],
)
def test_a_file_that_ros_would_read_in_another_way_is_refused(tmp_path, text):
    path = tmp_path / "robot.yaml"
    path.write_text(text)
    with pytest.raises(DataError, match=r"robot\.yaml"):
        read_parameters(path)


def test_no_joint_has_two_places_and_no_topic_two_meanings(robot_file):
    parameters = flatten(yaml.safe_load(robot_file.read_text())["/**"]["ros__parameters"])
    parameters["arm.base.joints"] = ["lift_joint", "lift_joint"]
    parameters["arm.base.policy_names"] = ["lift", "pan"]
    parameters["arm.base.state_topic"] = "front/image/"
    with pytest.raises(DataError) as caught:
        parse_robot(parameters)
    assert "topic '/front/image' is used twice" in str(caught.value)
    assert "joint 'lift_joint' of state_topic '/front/image' is used twice" in str(caught.value)
    parameters["arm.base.joints"] = ["lift_joint", "pan_joint"]
    parameters["arm.hand.joints"] = ["pan_joint"]
    parameters["arm.base.state_topic"] = "/js"
    parameters["arm.hand.state_topic"] = "js"
    with pytest.raises(DataError, match="joint 'pan_joint'"):
        parse_robot(parameters)
