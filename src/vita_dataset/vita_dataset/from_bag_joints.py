"""Joint values out of a bag's messages, by name: what was measured, and what was commanded."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.bag_reader import BagItem, OpenBag, stamp_ns
from vita_dataset.bag_writer import ACTION_TOPIC
from vita_dataset.errors import DataError
from vita_dataset.from_bag_sync import JUMP_NS
from vita_dataset.robot import Robot

JOINT_STATE = "sensor_msgs/msg/JointState"
TRAJECTORY = "trajectory_msgs/msg/JointTrajectory"

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class JointTopic:
    """A topic with joint values and the elements of the state or action that it fills.

    Attributes:
        topic: its name.
        columns: which elements, in the order of the names.
        namings: the names under which its messages may carry them; the first naming that a message knows is taken.
    """

    topic: str
    columns: tuple[int, ...]
    namings: tuple[tuple[str, ...], ...]

    def knows(self, names: Sequence[str]) -> bool:
        """Whether a message with these names is about any of this topic's joints."""
        return any(name in naming for naming in self.namings for name in names)

    def positions(self, names: Sequence[str], positions: Sequence[float]) -> Vector:
        """The values of this topic's joints.

        Args:
            names: of the message.
            positions: of the message, one for each name.

        Returns:
            float64 [n] in the order of ``columns``.

        Raises:
            DataError: the message has not one position for each name, or does not name each joint once.
        """
        if len(names) != len(positions):
            raise DataError(
                f"a message on '{self.topic}' has {len(names)} names but {len(positions)} positions; "
                "check what published it"
            )
        for wanted in self.namings:
            if all(names.count(name) == 1 for name in wanted):
                return np.array([positions[names.index(name)] for name in wanted], dtype=np.float64)
        missing = [name for name in self.namings[0] if names.count(name) != 1]
        raise DataError(
            f"a message on '{self.topic}' must name each of {missing} once, but names {list(names)}; "
            "correct the joints or the topic in the robot file"
        )


def state_topics(robot: Robot) -> tuple[JointTopic, ...]:
    """The topics with the measured joints, each once; the state has the order of ``robot.policy_names``."""
    topics: dict[str, tuple[list[int], list[str]]] = {}
    for arm in robot.arms:
        columns, names = topics.setdefault(arm.state_topic, ([], []))
        columns += [robot.policy_names.index(name) for name in arm.policy_names]
        names += arm.joints
    return tuple(JointTopic(topic, tuple(columns), (tuple(names),)) for topic, (columns, names) in topics.items())


def action_topics(robot: Robot, bag: OpenBag, chosen: str | None) -> tuple[JointTopic, ...]:
    """Where a bag should have its actions: on one topic for all arms, else on each arm's command topic.

    Args:
        robot: the action has the order of its ``policy_names``.
        bag: the bag.
        chosen: the topic for all arms; None takes ``/recorded/action`` where the bag has it.
    """
    if chosen is None and ACTION_TOPIC not in bag.topics:
        return tuple(
            JointTopic(
                arm.command_topic,
                tuple(robot.policy_names.index(name) for name in arm.policy_names),
                (arm.joints,),
            )
            for arm in robot.arms
        )
    joints = tuple(joint for arm in robot.arms for joint in arm.joints)
    # Two arms of one kind may use the same names on topics of their own: then only policy names tell them apart.
    namings = (robot.policy_names, joints) if len(set(joints)) == len(joints) else (robot.policy_names,)
    return (JointTopic(ACTION_TOPIC if chosen is None else chosen, tuple(range(len(robot.policy_names))), namings),)


class ActionTrack:
    """The commands of one topic by time; the newest at or before a step is the step's action."""

    def __init__(self, topic: JointTopic) -> None:
        self.topic = topic
        self._eras: dict[int, tuple[array[int], array[float]]] = {}
        self._era = 0
        self._unsettled: list[tuple[int, Vector]] = []

    def add(self, item: BagItem) -> None:
        """Take one message. It counts from the next ``settle`` on.

        Its time is its header's stamp, else when the bag recorded it: a trajectory without a stamp is to start at
        once. A trajectory counts with its last point; without a point it stops the arm and names no goal.

        Raises:
            DataError: it does not fit the joints.
        """
        message: Any = item.message
        if item.kind == TRAJECTORY:
            if not len(message.points):
                return
            values = self.topic.positions(message.joint_names, message.points[-1].positions)
        else:
            values = self.topic.positions(message.name, message.position)
        self._unsettled.append((stamp_ns(message) or item.time_ns, values))

    def settle(self, era: int, newest_ns: int) -> None:
        """Tell which era it is, after each message that may begin one and after the last.

        Where time goes back, the first that comes of the new era may be a command: one that came since the message
        before is of the new era if its time is.

        Args:
            era: counts up.
            newest_ns: the stamp of the message that told the era; that before it was later by more than ``JUMP_NS``
                if it begins one.
        """
        for time_ns, values in self._unsettled:
            own = era if time_ns <= newest_ns + JUMP_NS else self._era
            times, stored = self._eras.setdefault(own, (array("q"), array("d")))
            times.append(time_ns)
            stored.extend(values.tolist())
        self._unsettled = []
        self._era = era

    def newest_at(self, era: int, steps_ns: NDArray[np.int64]) -> tuple[NDArray[np.int64], Vector]:
        """The newest command at or before each step.

        Args:
            era: of the steps; commands of another era do not count.
            steps_ns: int64 [n], ascending.

        Returns:
            The numbers of the commands in the order of their times, int64 [n], -1 where there is none yet, and their
            values, float64 [n, joints], NaN where there is none.
        """
        times, stored = self._eras.get(era, (array("q"), array("d")))
        times_ns = np.array(times, dtype=np.int64)
        order = np.argsort(times_ns, kind="stable")
        values = np.array(stored, dtype=np.float64).reshape(len(times), len(self.topic.columns))[order]
        numbers = np.searchsorted(times_ns[order], steps_ns, side="right") - 1
        nothing = np.full((1, len(self.topic.columns)), np.nan)
        return numbers, np.concatenate([values, nothing])[numbers]
