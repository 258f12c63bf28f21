"""What the robot was commanded in a recording, by time: the truth that a replay compares with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import JointState

from vita_dataset.errors import DataError
from vita_policy_node.bag import bag_topics, name_in_bag, read_bag
from vita_policy_node.contract import ArmOutput, Layout
from vita_policy_node.conversions import joint_positions, stamp_ns

RECORDED_ACTION = "/recorded/action"
JOINT_STATE = "sensor_msgs/msg/JointState"
TRAJECTORY = "trajectory_msgs/msg/JointTrajectory"

Vector = NDArray[np.float64]


def action_topics(bag: Path, layout: Layout) -> dict[str, str]:
    """The topics on which a bag has its actions, and their types.

    That is ``/recorded/action``, as ``to_bag`` writes it, else the command topics of the arms, as a robot records them.

    Raises:
        DataError: the bag has neither, or cannot be read.
    """
    have = bag_topics(bag)
    if RECORDED_ACTION in have:
        return {RECORDED_ACTION: JOINT_STATE}
    commands = [name_in_bag(output.arm.command_topic, have) for output in layout.arms]
    if missing := [topic for topic in commands if topic not in have]:
        raise DataError(
            f"bag '{bag}' has no recorded actions: neither {RECORDED_ACTION}, as 'vita_dataset to_bag' writes it, nor "
            f"the arms' commands on {missing}; record them, or correct the topics in the robot file"
        )
    return dict.fromkeys(commands, TRAJECTORY)


def read_recorded_actions(bag: Path, layout: Layout) -> dict[int, Vector]:
    """The recorded actions by stamp [ns], in time order, each float64 [A] in the order of the policy's action.

    Raises:
        DataError: there are none, or one does not have the joints, or not the stamp that it must have.
    """
    topics = action_topics(bag, layout)
    if RECORDED_ACTION in topics:
        recorded = dict(_stamped_actions(bag, layout.limits.names))
    else:
        recorded = dict(_commands(bag, dict(zip(topics, layout.arms, strict=True)), layout))
    if not recorded:
        raise DataError(f"bag '{bag}' has no action of all joints on {list(topics)}; choose a recording of a motion")
    return dict(sorted(recorded.items()))


def _stamped_actions(bag: Path, names: tuple[str, ...]) -> Iterator[tuple[int, Vector]]:
    for item in read_bag(bag, {RECORDED_ACTION: JOINT_STATE}):
        stamp = stamp_ns(item.message)
        if stamp <= 0:
            raise DataError(f"bag '{bag}' has an action on {RECORDED_ACTION} without a stamp; record it with its time")
        yield stamp, _action(item.message, names)


def _action(message: JointState, names: tuple[str, ...]) -> Vector:
    try:
        return joint_positions(message, names)
    except DataError as error:
        raise DataError(f"{RECORDED_ACTION}: {error}") from error


def _commands(bag: Path, outputs: dict[str, ArmOutput], layout: Layout) -> Iterator[tuple[int, Vector]]:
    """A row each time that every arm was commanded anew, within a control period of one another.

    A command without a stamp is to start at once, so its time is when the bag recorded it.
    """
    fresh: dict[str, tuple[int, Vector]] = {}
    for item in read_bag(bag, dict.fromkeys(outputs, TRAJECTORY)):
        if not item.message.points:  # which stops the arm, and names no goal
            continue
        now_ns = stamp_ns(item.message) or item.time_ns
        fresh = {topic: kept for topic, kept in fresh.items() if 0 <= now_ns - kept[0] <= layout.period_ns}
        fresh[item.topic] = now_ns, _goal(item.message, outputs[item.topic], bag)
        if len(fresh) == len(outputs):
            row = np.empty(len(layout.limits.names))
            for topic, (_, values) in fresh.items():
                row[list(outputs[topic].indices)] = values
            yield now_ns, row
            fresh = {}


def _goal(message: Any, output: ArmOutput, bag: Path) -> Vector:
    """The last point of a trajectory in the order of the arm's joints."""
    names, point = list(message.joint_names), message.points[-1]
    if sorted(names) != sorted(output.arm.joints) or len(point.positions) != len(names):
        raise DataError(
            f"a command on '{output.arm.command_topic}' of bag '{bag}' must name the joints "
            f"{list(output.arm.joints)} with one position each, but names {names} with {len(point.positions)}; correct "
            "the joints in the robot file"
        )
    values = np.array([point.positions[names.index(joint)] for joint in output.arm.joints], dtype=np.float64)
    if not np.isfinite(values).all():
        raise DataError(f"a command on '{output.arm.command_topic}' of bag '{bag}' is not finite; leave this bag out")
    return values
