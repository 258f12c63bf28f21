"""Writes an episode's messages into a rosbag2, as a robot would have published them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from rosbags.interfaces import Connection
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from vita_dataset.episode import Episode, EpisodeTable
from vita_dataset.errors import DataError
from vita_dataset.progress import Progress
from vita_dataset.robot import CameraSource

EPOCH_NS = 1_600_000_000 * 10**9
"""Added to all recorded times, which start at 0: a stamp of 0 means "unset" in ROS."""
ACTION_TOPIC = "/recorded/action"
JPEG_QUALITY = 95
WRITTEN_BY = ("written_by", "vita_dataset to_bag")
"""In the metadata's custom_data. By it a bag of this command is known."""
STORAGES = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}
BAG_VERSION: Final = 8  # the newest layout of metadata.yaml that ROS 2 Humble reads as well


@dataclass(frozen=True)
class StateTopic:
    """A state topic: the joint names it carries and where their values stand in the dataset's state."""

    topic: str
    joints: tuple[str, ...]
    columns: tuple[int, ...]


@contextmanager
def new_bag(
    path: Path,
    storage: str,
    cameras: Sequence[CameraSource],
    state_topics: Sequence[StateTopic],
    action_names: tuple[str, ...],
) -> Iterator[BagWriter]:
    """Make a bag; it is whole when the block ends.

    Args:
        path: its folder, which must not exist yet.
        storage: a key of ``STORAGES``.
        cameras: their topics and transports.
        state_topics: which joints go where.
        action_names: of the elements of the action.

    Raises:
        DataError: sqlite3 cannot write it.
        OSError: it cannot be written as mcap.
    """
    try:
        with Writer(path, version=BAG_VERSION, storage_plugin=STORAGES[storage]) as writer:
            writer.set_custom_data(*WRITTEN_BY)
            yield BagWriter(writer, cameras, state_topics, action_names)
    except sqlite3.OperationalError as error:  # which is no OSError even where the disk is full
        raise DataError(f"the bag cannot be written ({error}); free some space or choose another disk") from error


class BagWriter:
    """The topics of one open bag; made by ``new_bag``."""

    def __init__(
        self,
        writer: Writer,
        cameras: Sequence[CameraSource],
        state_topics: Sequence[StateTopic],
        action_names: tuple[str, ...],
    ) -> None:
        """Make the topics; see ``new_bag``."""
        self._writer = writer
        self._store = get_typestore(Stores.ROS2_KILTED)
        self._types: dict[str, Any] = dict(self._store.types)
        self._cameras = [
            (camera, self._connect(camera.topic, "CompressedImage" if camera.transport == "compressed" else "Image"))
            for camera in cameras
        ]
        self._joints = [(topic, self._connect(topic.topic, "JointState")) for topic in state_topics]
        self._action = self._connect(ACTION_TOPIC, "JointState")
        self._action_names = action_names
        self._count = 0

    def write_episode(self, episode: Episode, on_progress: Progress) -> int:
        """Write all messages, step by step; what belongs together carries one stamp.

        Args:
            episode: with frames of all cameras.
            on_progress: called with (steps done, steps in all).

        Returns:
            The number of messages.

        Raises:
            DataError: the frames cannot be read, or are not as many as the steps.
        """
        table = episode.table
        streams = {camera.key: episode.frames[camera.key]() for camera, _ in self._cameras}
        for step in range(len(table)):
            stamp_ns = EPOCH_NS + round(float(table.timestamps_s[step]) * 1e9)
            images = {key: next(stream) for key, stream in streams.items()}
            self._write_step(stamp_ns, table, step, images)
            on_progress(step + 1, len(table))
        _check_exhausted(streams)
        return self._count

    def _write_step(self, stamp_ns: int, table: EpisodeTable, step: int, images: dict[str, NDArray[np.uint8]]) -> None:
        for camera, connection in self._cameras:
            make = self._jpeg if camera.transport == "compressed" else self._image
            self._write(connection, stamp_ns, make(self._header(stamp_ns, camera.name), images[camera.key]))
        for topic, connection in self._joints:
            values = table.state[step, list(topic.columns)]
            self._write(connection, stamp_ns, self._joint_state(stamp_ns, topic.joints, values))
        action = self._joint_state(stamp_ns, self._action_names, table.action[step])
        self._write(self._action, stamp_ns, action)

    def _connect(self, topic: str, name: str) -> Connection:
        return self._writer.add_connection(topic, f"sensor_msgs/msg/{name}", typestore=self._store)

    def _write(self, connection: Connection, stamp_ns: int, message: object) -> None:
        self._writer.write(connection, stamp_ns, self._store.serialize_cdr(message, connection.msgtype))
        self._count += 1

    def _header(self, stamp_ns: int, frame_id: str) -> Any:
        stamp = self._types["builtin_interfaces/msg/Time"](sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9)
        return self._types["std_msgs/msg/Header"](stamp=stamp, frame_id=frame_id)

    def _image(self, header: Any, image: NDArray[np.uint8]) -> Any:
        height, width, channels = image.shape
        return self._types["sensor_msgs/msg/Image"](
            header=header,
            height=height,
            width=width,
            encoding="rgb8",
            is_bigendian=0,
            step=width * channels,
            data=np.ascontiguousarray(image).reshape(-1),
        )

    def _jpeg(self, header: Any, image: NDArray[np.uint8]) -> Any:
        quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        encoded, content = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), quality)
        assert encoded
        return self._types["sensor_msgs/msg/CompressedImage"](
            header=header, format="rgb8; jpeg compressed bgr8", data=np.asarray(content).reshape(-1)
        )

    def _joint_state(self, stamp_ns: int, names: tuple[str, ...], values: NDArray[np.float32]) -> Any:
        return self._types["sensor_msgs/msg/JointState"](
            header=self._header(stamp_ns, ""),
            name=list(names),
            position=values.astype(np.float64),
            velocity=np.empty(0),
            effort=np.empty(0),
        )


def _check_exhausted(streams: dict[str, Iterator[NDArray[np.uint8]]]) -> None:
    """Ask each camera for one frame more than there are steps; its reader refuses a surplus by name."""
    for key, stream in streams.items():
        if next(stream, None) is not None:
            raise DataError(f"camera '{key}' has more frames than the episode has steps; record or encode it again")
