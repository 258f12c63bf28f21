"""One episode as a rosbag2, as the robot would have published it.

Cameras and joint states go to the topics of a robot file at their recorded times; the recorded actions go to
``/recorded/action`` for comparison. The robot file is kept in the bag's folder as robot.yaml.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray
from rosbags.interfaces import Connection
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from vita_dataset.episode import Episode, EpisodeTable, check_finite
from vita_dataset.errors import DataError, UsageError
from vita_dataset.progress import Progress, no_progress
from vita_dataset.publish import publish, refuse_overlap
from vita_dataset.robot import Robot, flatten, parse_robot, read_parameters
from vita_dataset.sources import open_source
from vita_dataset.spec import DatasetSpec, VectorSpec

EPOCH_NS = 1_600_000_000 * 10**9
"""Added to all recorded times, which start at 0: a stamp of 0 means "unset" in ROS."""
ACTION_TOPIC = "/recorded/action"
ROBOT_FILE = "robot.yaml"
JPEG_QUALITY = 95
STORAGES = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}
BAG_VERSION: Final = 8  # the newest layout of metadata.yaml that ROS 2 Humble reads as well


@dataclass(frozen=True)
class _JointTopic:
    """A state topic: the joint names it carries and where their values stand in the dataset's state."""

    topic: str
    joints: tuple[str, ...]
    columns: tuple[int, ...]


def to_bag(
    dataset: Path,
    episode: int,
    robot_file: Path,
    output: Path,
    *,
    storage: str = "mcap",
    compressed: bool = False,
    allow_unnamed_joints: bool = False,
    overwrite: bool = False,
    on_progress: Progress = no_progress,
) -> int:
    """Write one episode as a bag.

    Args:
        dataset: a LeRobot or converted dataset.
        episode: its number.
        robot_file: says which camera and joints belong on which topic.
        output: the bag's folder.
        storage: "mcap" or "sqlite3".
        compressed: JPEG for all cameras, whatever the robot file says; the kept robot.yaml then says so too.
        allow_unnamed_joints: where the dataset does not name its state, take it in the robot file's order; the robot
            file's own ``allow_unnamed_joints: true`` says the same.
        overwrite: replace an existing bag, once the new one is whole.
        on_progress: called with (steps done, steps in all).

    Returns:
        The number of messages.

    Raises:
        UsageError: an unknown storage, or an existing output without ``overwrite``.
        DataError: the dataset or robot file is damaged, they do not fit (every mismatch is listed), NaN, or the
            output overlaps the dataset or holds something else than a bag.
    """
    if storage not in STORAGES:
        raise UsageError(f"--storage must be one of {list(STORAGES)}, but is '{storage}'")
    parameters = read_parameters(robot_file)
    robot = parse_robot(parameters)
    source = open_source(dataset)
    allowed = allow_unnamed_joints or _allows_unnamed_joints(parameters, robot_file)
    joint_topics = match_robot(robot, source.spec, allow_unnamed_joints=allowed)
    refuse_overlap(output, dataset)
    recorded = source.episode(episode)
    state_names = _names(source.spec.state, robot)
    action_names = _names(source.spec.action, robot)
    check_finite(recorded.table, {"state": state_names, "action": action_names}, str(dataset))
    with publish(output, overwrite=overwrite, replaceable=is_bag) as work:
        with Writer(work, version=BAG_VERSION, storage_plugin=STORAGES[storage]) as writer:
            bag = _Bag(writer, robot, joint_topics, action_names, compressed=compressed)
            count = bag.write_episode(recorded, on_progress)
        _keep_robot_file(robot_file, robot, work / ROBOT_FILE, compressed)
    return count


def match_robot(robot: Robot, spec: DatasetSpec, *, allow_unnamed_joints: bool = False) -> tuple[_JointTopic, ...]:
    """Find each arm's joints in the dataset's state, by name. Arms that share a topic share its messages.

    Raises:
        DataError: lists every camera and joint that does not fit.
    """
    problems: list[str] = []
    keys = {camera.key for camera in spec.cameras}
    for camera in robot.cameras:
        if camera.key not in keys:
            problems.append(f"camera '{camera.name}' feeds '{camera.key}', the dataset has {sorted(keys)}")
    names = spec.state.names
    if names is None and allow_unnamed_joints and len(robot.policy_names) == spec.state.dim:
        names = robot.policy_names
    if names is None:
        problems.append(
            f"the dataset does not name the {spec.state.dim} elements of '{spec.state.key}' and the robot file has "
            f"{len(robot.policy_names)} joints (where the counts are equal, 'allow_unnamed_joints: true' in the robot "
            "file or --allow-unnamed-joints takes them in its order)"
        )
    else:
        strangers = [name for name in robot.policy_names if name not in names]
        orphans = [name for name in names if name not in robot.policy_names]
        problems += [f"the state has no joint {strangers}"] if strangers else []
        problems += [f"no arm has the state's {orphans}"] if orphans else []
    if problems or names is None:
        raise DataError(f"the robot file does not fit dataset '{spec.repo_id}': " + "; ".join(problems))
    topics: dict[str, tuple[list[str], list[int]]] = {}
    for arm in robot.arms:
        joints, columns = topics.setdefault(arm.state_topic, ([], []))
        joints += arm.joints
        columns += [names.index(name) for name in arm.policy_names]
    return tuple(_JointTopic(topic, tuple(joints), tuple(columns)) for topic, (joints, columns) in topics.items())


def is_bag(path: Path) -> bool:
    """Whether a folder holds a rosbag2."""
    metadata = path / "metadata.yaml"
    return metadata.is_file() and metadata.read_text(encoding="utf-8", errors="replace").startswith("rosbag2_bagfile")


class _Bag:
    """The topics of one open bag."""

    def __init__(
        self,
        writer: Writer,
        robot: Robot,
        joint_topics: tuple[_JointTopic, ...],
        action_names: tuple[str, ...],
        *,
        compressed: bool,
    ) -> None:
        self._writer = writer
        self._store = get_typestore(Stores.ROS2_KILTED)
        self._types: dict[str, Any] = dict(self._store.types)
        self._cameras = [
            (camera, self._connect(camera.topic, "CompressedImage" if jpeg else "Image"), jpeg)
            for camera in robot.cameras
            for jpeg in [compressed or camera.transport == "compressed"]
        ]
        self._joints = [(topic, self._connect(topic.topic, "JointState")) for topic in joint_topics]
        self._action = self._connect(ACTION_TOPIC, "JointState")
        self._action_names = action_names
        self._count = 0

    def write_episode(self, episode: Episode, on_progress: Progress) -> int:
        """Write all messages, step by step; what belongs together carries one stamp."""
        table = episode.table
        streams = {camera.key: episode.frames[camera.key]() for camera, _, _ in self._cameras}
        for step in range(len(table)):
            stamp_ns = EPOCH_NS + round(float(table.timestamps_s[step]) * 1e9)
            images = {key: next(stream) for key, stream in streams.items()}
            self._write_step(stamp_ns, table, step, images)
            on_progress(step + 1, len(table))
        _check_exhausted(streams)
        return self._count

    def _write_step(self, stamp_ns: int, table: EpisodeTable, step: int, images: dict[str, NDArray[np.uint8]]) -> None:
        for camera, connection, jpeg in self._cameras:
            header = self._header(stamp_ns, camera.name)
            message = self._jpeg(header, images[camera.key]) if jpeg else self._image(header, images[camera.key])
            self._write(connection, stamp_ns, message)
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


def _allows_unnamed_joints(parameters: Mapping[str, Any], robot_file: Path) -> bool:
    value = parameters.get("allow_unnamed_joints", False)
    if not isinstance(value, bool):
        raise DataError(f"'allow_unnamed_joints' in '{robot_file}' must be true or false, but is {value!r}; correct it")
    return value


def _check_exhausted(streams: dict[str, Iterator[NDArray[np.uint8]]]) -> None:
    """Ask each camera for one frame more than there are steps; its reader refuses a surplus by name."""
    for key, stream in streams.items():
        if next(stream, None) is not None:
            raise DataError(f"camera '{key}' has more frames than the episode has steps; record or encode it again")


def _names(vector: VectorSpec, robot: Robot) -> tuple[str, ...]:
    """Its own names, else the robot's where the count allows, else numbers."""
    unnamed = vector.names is None and len(robot.policy_names) == vector.dim
    return robot.policy_names if unnamed else vector.labels


def _keep_robot_file(source: Path, robot: Robot, target: Path, compressed: bool) -> None:
    if not compressed:
        shutil.copyfile(source, target)
        return
    document = yaml.safe_load(source.read_text(encoding="utf-8"))
    for node in document.values():
        if isinstance(node, dict) and isinstance(node.get("ros__parameters"), dict):
            transports = {f"camera.{camera.name}.transport": "compressed" for camera in robot.cameras}
            node["ros__parameters"] = {**flatten(node["ros__parameters"]), **transports}
            break
    target.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
