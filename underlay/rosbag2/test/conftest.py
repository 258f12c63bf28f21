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
from pathlib import Path

import pytest

os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().randint(1, 230))
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
os.environ["PYTHONUNBUFFERED"] = "1"

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.serialization import serialize_message
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import JointState

STORE = get_typestore(Stores.ROS2_KILTED)
START_NS = 1_700_000_000_000_000_000
STORAGES = ("mcap", "sqlite3")

Step = tuple[str, int, float]  # topic, time after the start [ns], the number that the message carries


def write_bag(path: Path, steps: list[Step], storage: str = "mcap") -> Path:
    plugin = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}[storage]
    with Writer(path, version=9, storage_plugin=plugin) as writer:
        topics = dict.fromkeys(topic for topic, _, _ in steps)
        connections = {t: writer.add_connection(t, "sensor_msgs/msg/JointState", typestore=STORE) for t in topics}
        for topic, offset_ns, number in steps:
            data = serialize_message(JointState(name=["a"], position=[number]))
            writer.write(connections[topic], START_NS + offset_ns, data)
    return path


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
