from __future__ import annotations

from array import array
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from policy_node_fakes import KEYS, NAMES, PARAMETERS, PERIOD_NS, START_NS, robot, settings, spec, wave, write_bag
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from vita_dataset.errors import DataError
from vita_dataset.robot import parse_robot
from vita_dataset.spec import VectorSpec
from vita_policy_node.contract import check_contract
from vita_policy_node.conversions import to_time
from vita_policy_node.recorded_actions import read_recorded_actions

LAYOUT = check_contract(robot(), spec(), KEYS, settings())


def two_arms():
    """The joints of the small robot on two arms, each with its own command topic."""
    whole = PARAMETERS["arm"]["arm"]
    limits = ("position_min", "position_max", "max_step")

    def arm(topic: str, first: int, last: int) -> dict[str, object]:
        lists = {name: whole[name][first:last] for name in ("joints", "policy_names", *limits)}
        return {**lists, "state_topic": "/arm/joint_states", "command_topic": topic}

    arms = {"upper": arm("/upper/command", 0, 1), "lower": arm("/lower/command", 1, 3)}
    return check_contract(
        parse_robot({**PARAMETERS, "arms": ["upper", "lower"], "arm": arms}), spec(), KEYS, settings()
    )


def command(topic: str, time_ns: int, joints: tuple[str, ...], values: tuple[float, ...], stamp_ns: int = 0) -> Any:
    points = [JointTrajectoryPoint(positions=array("d", values))] if values else []
    message = JointTrajectory(joint_names=list(joints), points=points)
    message.header.stamp = to_time(stamp_ns)
    return SimpleNamespace(topic=topic, kind="trajectory_msgs/msg/JointTrajectory", time_ns=time_ns, message=message)


@pytest.fixture
def commands(monkeypatch):
    """Gives the reader a bag of commands that a test makes up."""

    def give(*items: Any) -> None:
        topics = {"/upper/command": "x", "/lower/command": "x"}
        monkeypatch.setattr("vita_policy_node.recorded_actions.bag_topics", lambda _: topics)
        monkeypatch.setattr("vita_policy_node.recorded_actions.read_bag", lambda *_: iter(items))

    return give


def upper(time_ns: int, value: float = 1.0, **more: int) -> Any:
    return command("/upper/command", time_ns, ("j1",), (value,), **more)


def lower(time_ns: int, joints: tuple[str, ...] = ("j2", "grip"), values: tuple[float, ...] = (2.0, 0.5)) -> Any:
    return command("/lower/command", time_ns, joints, values)


def test_recorded_actions_come_in_the_order_of_the_policy_whatever_the_message_s(tmp_path):
    bag = write_bag(tmp_path / "bag", 5)
    turned = VectorSpec("action", 3, NAMES[::-1])
    layout = check_contract(robot(), spec(action=turned), KEYS, settings())
    assert np.allclose(read_recorded_actions(bag, LAYOUT)[START_NS], wave(3))
    assert np.allclose(read_recorded_actions(bag, layout)[START_NS], wave(3)[::-1])


def test_recorded_actions_must_have_the_policy_s_names(tmp_path):
    bag = write_bag(tmp_path / "bag", 3)
    names = ("shoulder", "elbow", "thumb")
    arm = {**PARAMETERS["arm"]["arm"], "policy_names": list(names)}
    other = spec(state=VectorSpec("observation.state", 3, names), action=VectorSpec("action", 3, names))
    layout = check_contract(parse_robot({**PARAMETERS, "arm": {"arm": arm}}), other, KEYS, settings())
    with pytest.raises(DataError, match=r"/recorded/action: .*'thumb'"):
        read_recorded_actions(bag, layout)


def test_a_recorded_action_without_a_stamp_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("policy_node_fakes.START_NS", 0)
    with pytest.raises(DataError, match="without a stamp"):
        read_recorded_actions(write_bag(tmp_path / "bag", 3), LAYOUT)


def test_where_no_action_was_recorded_the_arm_s_commands_are_it(tmp_path):
    with_actions = read_recorded_actions(write_bag(tmp_path / "one", 4), LAYOUT)
    commands_alone = read_recorded_actions(write_bag(tmp_path / "two", 4, skip="/recorded/action"), LAYOUT)
    assert list(commands_alone) == list(with_actions)
    assert all(np.allclose(commands_alone[stamp], with_actions[stamp]) for stamp in with_actions)


def test_a_bag_with_neither_is_refused(tmp_path):
    bag = write_bag(tmp_path / "bag", 3, skip="/recorded/action")
    with pytest.raises(DataError, match=r"neither /recorded/action.*'/upper/command', '/lower/command'"):
        read_recorded_actions(bag, two_arms())


def test_commands_of_several_arms_make_one_action_each_time_all_were_commanded(commands):
    ticks = [START_NS + tick * PERIOD_NS for tick in range(3)]
    commands(
        upper(ticks[0]),
        lower(ticks[0] + 1000),
        # Between, one arm alone: no action of all joints.
        upper(ticks[1], 5.0),
        lower(ticks[2] + 1000, ("grip", "j2"), (0.25, 3.0)),
        upper(ticks[2] + 2000, 1.5),
    )
    found = read_recorded_actions(None, two_arms())
    assert {stamp: row.tolist() for stamp, row in found.items()} == {
        ticks[0] + 1000: [1.0, 2.0, 0.5],
        ticks[2] + 2000: [1.5, 3.0, 0.25],
    }


def test_a_stamp_counts_before_the_time_of_recording_and_a_stop_is_no_goal(commands):
    commands(lower(START_NS), lower(START_NS, (), ()), upper(START_NS + 10**12, stamp_ns=START_NS + 5))
    assert list(read_recorded_actions(None, two_arms())) == [START_NS + 5]


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (lower(START_NS, ("j2",), (1.0,)), "must name the joints"),
        (lower(START_NS, ("j2", "grip"), (1.0,)), "with 1"),
        (lower(START_NS, ("j2", "grip"), (1.0, float("nan"))), "not finite"),
        (lower(START_NS), "no action of all joints"),
    ],
)
def test_commands_that_are_no_action_are_refused(commands, item, words):
    commands(item)
    with pytest.raises(DataError, match=words):
        read_recorded_actions(None, two_arms())
