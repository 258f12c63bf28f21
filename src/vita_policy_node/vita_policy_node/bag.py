"""Reads a rosbag2 with the pure-Python ``rosbags`` library and hands out messages as a subscription would.

On damaged files rosbags lets through whatever its storages raise (SQLite's, zstd's and lz4's own errors, struct.error,
OverflowError and more), so both places that call it take any exception for a damaged bag.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import CompressedImage, Image, JointState
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from vita_dataset.errors import DataError
from vita_policy_node.conversions import NS_PER_S, to_time


@dataclass(frozen=True, eq=False)
class BagMessage:
    """One message and its topic, in the order in which the bag recorded them."""

    topic: str
    message: Any


def bag_topics(path: Path) -> dict[str, str]:
    """The topics of a bag and their types, "sensor_msgs/msg/Image".

    Raises:
        DataError: no such bag, or it cannot be read.
    """
    with _open(path) as reader:
        return {connection.topic: connection.msgtype for connection in reader.connections}


def read_bag(path: Path, topics: Mapping[str, str]) -> Iterator[BagMessage]:
    """The messages of some topics.

    Args:
        path: the bag's folder.
        topics: topic -> its type; types are the keys of ``_MESSAGES``.

    Raises:
        DataError: a topic is missing or of another type (all are listed), or the bag breaks off.
    """
    with _open(path) as reader:
        have = {connection.topic: connection.msgtype for connection in reader.connections}
        problems = [
            f"topic '{topic}' ({kind}) " + (f"has type {have[topic]}" if topic in have else "is missing")
            for topic, kind in topics.items()
            if have.get(topic) != kind
        ]
        if problems:
            raise DataError(
                f"bag '{path}' does not fit: {'; '.join(problems)}; it has {sorted(have)}: "
                "choose another bag or correct the topics in the robot file"
            )
        connections = [connection for connection in reader.connections if connection.topic in topics]
        messages = reader.messages(connections)
        while True:
            try:
                item = next(messages, None)
                if item is None:
                    return
                connection, _, data = item
                found = _MESSAGES[connection.msgtype](reader.deserialize(data, connection.msgtype))
            except Exception as error:  # see the top
                raise DataError(
                    f"bag '{path}' breaks off ({error}); reindex it with 'ros2 bag reindex' or record it again"
                ) from error
            yield BagMessage(connection.topic, found)


@contextmanager
def _open(path: Path) -> Iterator[AnyReader]:
    if not (path / "metadata.yaml").is_file():
        raise DataError(f"'{path}' is not a rosbag2: it has no metadata.yaml; give the bag's folder")
    try:
        reader = AnyReader([path], default_typestore=get_typestore(Stores.LATEST))
        reader.open()
    except Exception as error:  # see the top
        raise DataError(
            f"bag '{path}' cannot be opened ({error}); reindex it with 'ros2 bag reindex' or record it again"
        ) from error
    try:
        yield reader
    finally:
        reader.close()


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
