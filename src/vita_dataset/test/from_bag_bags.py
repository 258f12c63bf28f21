"""Bags as a robot records them: streams with delays, foreign messages and faults, written message by message."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

START_NS = 1_700_000_000_000_000_000
STEP_NS = 100_000_000
STORE = get_typestore(Stores.ROS2_KILTED)
TYPES: dict[str, Any] = dict(STORE.types)

ROBOT_TEXT = """
vita_policy:
  ros__parameters:
    rate_hz: 10.0
    slop_s: 0.025
    cameras: [front]
    camera:
      front: {topic: /front/image, key: observation.images.front}
    arms: [base, hand]
    arm:
      base:
        joints: [pan_joint, lift_joint]
        policy_names: [pan, lift]
        state_topic: /joint_states
        command_topic: /base/command
        position_min: [-1.0, -1.0]
        position_max: [1.0, 1.0]
        max_step: [0.1, 0.1]
      hand:
        joints: [gripper]
        state_topic: /joint_states
        command_topic: /hand/command
        position_min: [0.0]
        position_max: [1.0]
        max_step: [0.1]
"""

Entry = tuple[int, str, str, Any]
"""Recording time [ns], topic, type without its package, message."""


def header(stamp_ns: int) -> Any:
    stamp = TYPES["builtin_interfaces/msg/Time"](sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9)
    return TYPES["std_msgs/msg/Header"](stamp=stamp, frame_id="")


def image(stamp_ns: int, value: int, size: tuple[int, int] = (16, 24), encoding: str = "rgb8", **fields: Any) -> Any:
    channels = {"mono8": 1, "rgba8": 4, "bgra8": 4, "16UC1": 2}.get(encoding, 3)
    content = {
        "header": header(stamp_ns),
        "height": size[0],
        "width": size[1],
        "encoding": encoding,
        "is_bigendian": 0,
        "step": size[1] * channels,
        "data": np.full(size[0] * size[1] * channels, value % 256, np.uint8),
    }
    return TYPES["sensor_msgs/msg/Image"](**{**content, **fields})


def compressed(stamp_ns: int, content: bytes, form: str = "jpeg") -> Any:
    data = np.frombuffer(content, dtype=np.uint8)
    return TYPES["sensor_msgs/msg/CompressedImage"](header=header(stamp_ns), format=form, data=data)


def joints(stamp_ns: int, **positions: float) -> Any:
    return TYPES["sensor_msgs/msg/JointState"](
        header=header(stamp_ns),
        name=list(positions),
        position=np.array(list(positions.values()), dtype=np.float64),
        velocity=np.empty(0),
        effort=np.empty(0),
    )


def trajectory(stamp_ns: int, names: list[str], *points: list[float]) -> Any:
    point, after = TYPES["trajectory_msgs/msg/JointTrajectoryPoint"], TYPES["builtin_interfaces/msg/Duration"](0, 0)
    empty = np.empty(0)
    return TYPES["trajectory_msgs/msg/JointTrajectory"](
        header=header(stamp_ns),
        joint_names=names,
        points=[point(np.array(p, dtype=np.float64), empty, empty, empty, after) for p in points],
    )


def entry(topic: str, message: Any, time_ns: int | None = None) -> Entry:
    """A message recorded at its stamp, or at another time."""
    stamp = message.header.stamp
    stamp_ns = stamp.sec * 10**9 + stamp.nanosec
    return (stamp_ns if time_ns is None else time_ns, topic, type(message).__msgtype__, message)


def step_entries(step: int, start_ns: int = START_NS, joint_delay_ns: int = 3_000_000) -> list[Entry]:
    """What a robot sends in one step: a picture, joint states, and a command to each arm just before the picture."""
    now = start_ns + step * STEP_NS
    names, value = ["lift_joint", "pan_joint"], step / 64
    return [
        entry("/base/command", trajectory(0, names, [9.0, 9.0], [value + 0.5, value + 0.25]), now - 1_000_000),
        entry("/hand/command", trajectory(now - 1_000_000, ["gripper"], [value])),
        entry("/front/image", image(now, step)),
        entry(
            "/joint_states",
            joints(now + joint_delay_ns, gripper=value, wheel=7.0, lift_joint=-value, pan_joint=2 * value),
        ),
    ]


def episode(steps: Iterable[int], start_ns: int = START_NS) -> list[Entry]:
    return [entry for step in steps for entry in step_entries(step, start_ns)]


def write(path: Path, entries: Iterable[Entry], storage: StoragePlugin = StoragePlugin.MCAP) -> Path:
    with Writer(path, version=8, storage_plugin=storage) as writer:
        connections: dict[tuple[str, str], Any] = {}
        for time_ns, topic, kind, message in entries:
            key = (topic, kind)
            if key not in connections:
                connections[key] = writer.add_connection(topic, kind, typestore=STORE)
            writer.write(connections[key], time_ns, STORE.serialize_cdr(message, kind))
    return path
