from __future__ import annotations

import pytest
from policy_node_fakes import PARAMETERS, write_robot_file

from vita_dataset.errors import DataError
from vita_dataset.robot import flatten, read_parameters, read_robot_file
from vita_policy_node.recording import check_block, full_name, recorded_topics, robot_file_of_recording

ARM = PARAMETERS["arm"]["arm"]
RELATIVE = {"arm": {"arm": {**ARM, "state_topic": "arm/joint_states", "command_topic": "arm/joint_trajectory"}}}


@pytest.mark.parametrize(
    ("topic", "namespace", "name"),
    [
        ("/front/image", "", "/front/image"),
        ("/front/image", "left", "/front/image"),
        ("front/image", "", "/front/image"),
        ("front/image", "left", "/left/front/image"),
        ("front/image", "/lab/left/", "/lab/left/front/image"),
    ],
)
def test_names_are_those_that_others_see(topic, namespace, name):
    assert full_name(topic, namespace) == name


def test_a_recording_has_all_that_a_replay_reads_and_what_the_node_says():
    assert recorded_topics(flatten({**PARAMETERS, **RELATIVE}), "left") == [
        "/front/image",
        "/wrist/image",
        "/left/arm/joint_states",
        "/left/arm/joint_trajectory",
        "/left/vita_policy/action_chunk",
        "/left/vita_policy/preview",
        "/left/vita_policy/status",
        "/diagnostics",
    ]


def test_commands_that_no_robot_hears_and_the_dead_man_s_switch_are_recorded_too():
    topics = recorded_topics(flatten({**PARAMETERS, "command_prefix": "/trial", "dead_man_topic": "enable"}))
    assert {"/arm/joint_trajectory", "/trial/arm/joint_trajectory", "/enable"} < set(topics)


def test_the_robot_file_stays_as_it_is_where_the_names_are_those_of_the_recording(tmp_path):
    file = write_robot_file(tmp_path / "robot.yaml")
    assert robot_file_of_recording(file, "left") == file.read_text()


def test_else_its_topics_get_the_names_of_the_recording_and_nothing_else_changes(tmp_path):
    file = write_robot_file(tmp_path / "robot.yaml", **RELATIVE, slop_s=1e-3)
    kept = tmp_path / "kept.yaml"
    kept.write_text(robot_file_of_recording(file, "left"))
    (arm,) = read_robot_file(kept).arms
    assert (arm.state_topic, arm.command_topic) == ("/left/arm/joint_states", "/left/arm/joint_trajectory")
    before, after = read_parameters(file), read_parameters(kept)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"arm.arm.state_topic", "arm.arm.command_topic"}
    assert list(before) == list(after)


def test_parameters_that_a_node_in_a_namespace_would_not_get_are_refused(tmp_path):
    file = write_robot_file(tmp_path / "robot.yaml")
    check_block(file, "left")
    file.write_text(file.read_text().replace("/**", "vita_policy"))
    check_block(file, "")
    check_block(file, "/")
    with pytest.raises(DataError, match=r"not in namespace 'left'.*'/\*\*:'"):
        check_block(file, "left")
