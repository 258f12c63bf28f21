"""Hands out a bag's messages as a subscription would: as messages of the ROS client library."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from sensor_msgs.msg import CompressedImage, Image, JointState
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from vita_dataset.bag_reader import BagItem, open_bag
from vita_policy_node.conversions import NS_PER_S, to_time


def bag_topics(path: Path) -> dict[str, str]:
    """The topics of a bag and their types, "sensor_msgs/msg/Image".

    Raises:
        DataError: no such bag, or it cannot be read.
    """
    with open_bag(path) as bag:
        return bag.topics


def name_in_bag(topic: str, have: Collection[str]) -> str:
    """The name that a bag has for a topic of a robot file: as it is written there, else from the root."""
    return topic if topic in have else f"/{topic.strip('/')}"


def read_bag(path: Path, topics: Mapping[str, str]) -> Iterator[BagItem]:
    """The messages of some topics, in the order in which the bag recorded them.

    Args:
        path: the bag's folder.
        topics: topic -> its type; types are the keys of ``_MESSAGES``.

    Raises:
        DataError: a topic is missing or of another type (all are listed), or the bag breaks off.
    """
    with open_bag(path) as bag:
        bag.check([(topic, (kind,)) for topic, kind in topics.items()], " or correct the topics in the robot file")
        yield from bag.messages(topics, convert=lambda kind, found: _MESSAGES[kind](found))


def _header(found: Any) -> Header:
    stamp = found.header.stamp
    return Header(stamp=to_time(stamp.sec * NS_PER_S + stamp.nanosec), frame_id=found.header.frame_id)


def _image(found: Any) -> Image:
    return Image(
        header=_header(found),
        height=found.height,
        width=found.width,
        encoding=found.encoding,
        is_bigendian=found.is_bigendian,
        step=found.step,
        data=found.data.tobytes(),
    )


def _compressed(found: Any) -> CompressedImage:
    return CompressedImage(header=_header(found), format=found.format, data=found.data.tobytes())


def _joint_state(found: Any) -> JointState:
    return JointState(header=_header(found), name=list(found.name), position=array("d", found.position.tolist()))


def _trajectory(found: Any) -> JointTrajectory:
    points = [JointTrajectoryPoint(positions=array("d", point.positions.tolist())) for point in found.points]
    return JointTrajectory(header=_header(found), joint_names=list(found.joint_names), points=points)


_MESSAGES: dict[str, Callable[[Any], Any]] = {
    "sensor_msgs/msg/Image": _image,
    "sensor_msgs/msg/CompressedImage": _compressed,
    "sensor_msgs/msg/JointState": _joint_state,
    "trajectory_msgs/msg/JointTrajectory": _trajectory,
}
