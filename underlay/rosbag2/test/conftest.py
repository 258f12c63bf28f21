"""Bags to play, topics to record, and a domain of its own for this process and those that it starts."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().randint(1, 230))
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
os.environ["PYTHONUNBUFFERED"] = "1"

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rosbags.rosbag2 import Reader, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

STORE = get_typestore(Stores.ROS2_KILTED)
JOINTS = "sensor_msgs/msg/JointState"
START_NS = 1_700_000_000_000_000_000
STORAGES = ("mcap", "sqlite3")


@dataclass(frozen=True)
class Step:
    """One message of a bag: topic, time after the start [ns], and the number it carries."""

    topic: str
    offset_ns: int
    number: float


def joints(number: float) -> bytes:
    types = STORE.types
    header = types["std_msgs/msg/Header"](stamp=types["builtin_interfaces/msg/Time"](sec=0, nanosec=0), frame_id="")
    empty = np.array([])
    message = types[JOINTS](header=header, name=["a"], position=np.array([number]), velocity=empty, effort=empty)
    return bytes(STORE.serialize_cdr(message, JOINTS))


def number_in(data: bytes) -> float:
    message: Any = STORE.deserialize_cdr(data, JOINTS)
    return float(message.position[0])


def write_bag(path: Path, steps: list[Step], storage: str = "mcap") -> Path:
    plugin = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}[storage]
    with Writer(path, version=9, storage_plugin=plugin) as writer:
        topics = dict.fromkeys(step.topic for step in steps)
        connections = {topic: writer.add_connection(topic, JOINTS, typestore=STORE) for topic in topics}
        for step in steps:
            writer.write(connections[step.topic], START_NS + step.offset_ns, joints(step.number))
    return path


def numbers_of(path: Path) -> dict[str, list[float]]:
    """Return the numbers recorded on each topic of a finished bag."""
    with Reader(path) as reader:
        found: dict[str, list[float]] = {connection.topic: [] for connection in reader.connections}
        for connection, _, data in reader.messages():
            found[connection.topic].append(number_in(data))
    return found


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"waited 30 s for {what}"
        time.sleep(0.01)


@contextmanager
def ros2_bag(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Run ``ros2 bag`` in a process group of its own while the body runs, then interrupt it like Ctrl-C."""
    command = ["ros2", "bag", *map(str, arguments)]
    with subprocess.Popen(command, start_new_session=True, text=True) as process:
        try:
            yield process
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
            process.wait(30)
        finally:
            if process.poll() is None:
                process.kill()


@pytest.fixture
def node() -> Iterator[Node]:
    """A node that spins in a thread."""
    rclpy.init()
    node, executor = Node("bag_test"), SingleThreadedExecutor()
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin)
    thread.start()
    yield node
    executor.shutdown()
    thread.join()
    node.destroy_node()
    rclpy.try_shutdown()
