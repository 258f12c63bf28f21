from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from from_bag_bags import ROBOT_TEXT, START_NS, entry, joints, trajectory

from vita_dataset.bag_reader import BagItem
from vita_dataset.errors import DataError
from vita_dataset.from_bag_joints import ActionTrack, JointTopic, action_topics, state_topics
from vita_dataset.robot import parse_robot

PARAMETERS = yaml.safe_load(ROBOT_TEXT)["vita_policy"]["ros__parameters"]
GRIP = JointTopic("/hand/command", (2,), (("gripper",),))


def bag(*topics):
    return SimpleNamespace(topics=dict.fromkeys(topics, ""))


def item(found):
    time_ns, topic, kind, message = found
    return BagItem(topic, kind, time_ns, message)


def test_arms_that_share_a_topic_share_its_messages():
    (topic,) = state_topics(parse_robot(PARAMETERS))
    assert topic == JointTopic("/joint_states", (0, 1, 2), (("pan_joint", "lift_joint", "gripper"),))
    np.testing.assert_array_equal(topic.positions(["gripper", "lift_joint", "x", "pan_joint"], [3, 2, 9, 1]), [1, 2, 3])
    assert topic.knows(["x", "gripper"])
    assert not topic.knows(["x"])


def test_where_actions_come_from():
    robot = parse_robot(PARAMETERS)
    assert [topic.topic for topic in action_topics(robot, bag("/hand/command"), None)] == [
        "/base/command",
        "/hand/command",
    ]
    recorded = action_topics(robot, bag("/recorded/action", "/hand/command"), None)
    assert [topic.topic for topic in recorded] == ["/recorded/action"]
    (chosen,) = action_topics(robot, bag("/recorded/action"), "/leader")
    assert (chosen.topic, chosen.columns) == ("/leader", (0, 1, 2))
    assert chosen.namings == (("pan", "lift", "gripper"), ("pan_joint", "lift_joint", "gripper"))


def test_equal_joint_names_of_two_arms_name_no_action():
    hand = {**PARAMETERS["arm"]["hand"], "joints": ["pan_joint"], "policy_names": ["grip"], "state_topic": "/hand"}
    robot = parse_robot({**PARAMETERS, "arm": {**PARAMETERS["arm"], "hand": hand}})
    (chosen,) = action_topics(robot, bag(), "/leader")
    assert chosen.namings == (("pan", "lift", "grip"),)


def test_the_newest_command_at_or_before_a_step():
    track = ActionTrack(GRIP)
    track.add(item(entry("/hand/command", trajectory(START_NS + 20, ["gripper"], [1.0], [2.0]))))
    track.add(item(entry("/hand/command", trajectory(0, ["gripper"], [3.0]), START_NS + 10)))
    track.settle(0, START_NS + 20)
    track.add(item(entry("/hand/command", trajectory(START_NS + 25, ["gripper"]))))
    track.add(item(entry("/hand/command", joints(START_NS + 30, gripper=4.0))))
    track.settle(0, 0)
    numbers, values = track.newest_at(0, START_NS + np.array([5, 10, 19, 20, 29, 30, 99]))
    np.testing.assert_array_equal(numbers, [-1, 0, 0, 1, 1, 2, 2])
    np.testing.assert_array_equal(values[:, 0], [np.nan, 3, 3, 2, 2, 4, 4])
    assert track.newest_at(7, np.array([START_NS]))[0] == [-1]


def test_the_first_commands_after_time_went_back_are_of_the_new_era():
    """They may come before the picture that tells of it, and behind the last ones of the old era."""
    track, later = ActionTrack(GRIP), START_NS + 60 * 10**9
    for stamp_ns, value in ((later, 1.0), (later + 20, 2.0), (START_NS - 10, 3.0), (START_NS + 20, 4.0)):
        track.add(item(entry("/hand/command", joints(stamp_ns, gripper=value))))
    track.settle(1, START_NS)
    track.add(item(entry("/hand/command", joints(START_NS + 30, gripper=5.0))))
    track.settle(1, START_NS + 40)
    np.testing.assert_array_equal(track.newest_at(0, START_NS + np.array([50]))[1], [[np.nan]])
    np.testing.assert_array_equal(track.newest_at(0, later + np.array([10, 90]))[1], [[1], [2]])
    np.testing.assert_array_equal(track.newest_at(1, START_NS + np.array([0, 25, 90]))[1], [[3], [4], [5]])


@pytest.mark.parametrize(
    ("names", "positions", "says"),
    [
        (["gripper"], [], "1 names but 0 positions"),
        (["grip"], [0.0], r"must name each of \['gripper'\] once, but names \['grip'\]"),
        (["gripper", "gripper"], [0.0, 0.0], "once"),
    ],
)
def test_messages_that_do_not_fit(names, positions, says):
    with pytest.raises(DataError, match=says):
        GRIP.positions(names, positions)
