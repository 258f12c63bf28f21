"""Conformance: the behaviour of ``ros2 bag``, so this file runs against either."""

from __future__ import annotations

import subprocess
import time
from itertools import pairwise
from pathlib import Path

import pytest
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from rclpy.time import Time
from rosbags.interfaces import QosDurability, QosReliability
from rosbags.rosbag2 import Reader
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState

from conftest import START_NS, STORAGES, STORE, ros2_bag, wait_until, write_bag

MS = 1_000_000


def listen(node: Node, *topics: str) -> dict[str, list[float]]:
    """Collect the numbers that arrive on each topic."""
    heard: dict[str, list[float]] = {topic: [] for topic in topics}
    for topic in topics:
        node.create_subscription(JointState, topic, lambda m, to=heard[topic]: to.append(m.position[0]), 1000)
    return heard


class Stream:
    """Publishes 0, 1, 2 ... at 100 Hz from the moment that somebody listens."""

    def __init__(self, node: Node, topic: str, qos: QoSProfile | int = 100) -> None:
        self.sent = 0
        self._publisher: Publisher[JointState] = node.create_publisher(JointState, topic, qos)
        node.create_timer(0.01, self._publish)

    def _publish(self) -> None:
        if self._publisher.get_subscription_count():
            self._publisher.publish(JointState(name=["a"], position=[float(self.sent)]))
            self.sent += 1


@pytest.mark.parametrize("storage", STORAGES)
def test_messages_are_played_in_recorded_order_and_loop(node: Node, tmp_path: Path, storage: str) -> None:
    steps = [("/left" if i % 3 else "/right", i * 10 * MS, float(i)) for i in range(30)]
    bag = write_bag(tmp_path / "bag", steps, storage)
    heard = listen(node, "/left", "/right")
    with ros2_bag("play", bag, "--loop"):
        wait_until(lambda: len(heard["/left"]) > 60 and len(heard["/right"]) > 30, "three loops")
    for topic, numbers in heard.items():
        recorded = [number for name, _, number in steps if name == topic]
        first = recorded.index(numbers[0])
        assert numbers == [recorded[(first + i) % len(recorded)] for i in range(len(numbers))]


def test_played_topics_are_chosen_and_renamed(node: Node, tmp_path: Path) -> None:
    heard = listen(node, "/a", "/b", "/moved")
    bag = write_bag(tmp_path / "bag", [(topic, i * 10 * MS, float(i)) for i in range(20) for topic in ("/a", "/b")])
    with ros2_bag("play", bag, "--loop", "--topics", "/a", "--remap", "/a:=/moved"):
        wait_until(lambda: len(heard["/moved"]) > 20, "20 messages")
    assert (heard["/a"], heard["/b"]) == ([], [])


def test_clock_stays_within_the_recording_and_advances(node: Node, tmp_path: Path) -> None:
    bag = write_bag(tmp_path / "bag", [("/a", i * 100 * MS, float(i)) for i in range(11)])
    clock: list[int] = []
    keep = lambda message: clock.append(Time.from_msg(message.clock).nanoseconds)  # noqa: E731
    node.create_subscription(Clock, "/clock", keep, qos_profile_sensor_data)
    with ros2_bag("play", bag, "--loop", "--clock", "50"):
        wait_until(lambda: len(clock) > 60, "60 clock messages")
    assert all(START_NS <= stamp <= START_NS + 1200 * MS for stamp in clock)
    steps = [later - earlier for earlier, later in pairwise(clock)]
    assert sorted(steps)[len(steps) // 2] == pytest.approx(20 * MS, rel=0.5)


def test_playing_takes_the_recorded_time_divided_by_the_rate_after_a_delay(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / "bag", [("/a", i * 1000 * MS, float(i)) for i in range(101)])
    begun = time.monotonic()
    with ros2_bag("play", bag, "--rate", "200", "--delay", "0.5", "--disable-keyboard-controls") as process:
        assert process.wait(60) == 0
    assert time.monotonic() - begun >= 1.0


@pytest.mark.parametrize("storage", STORAGES)
def test_every_message_of_a_reliable_topic_is_recorded_in_order(node: Node, tmp_path: Path, storage: str) -> None:
    stream, other, bag = Stream(node, "/joints"), Stream(node, "/unwanted"), tmp_path / "bag"
    with ros2_bag("record", "--topics", "/joints", "-o", bag, "-s", storage):
        wait_until(lambda: stream.sent > 50, "50 messages")
    assert other.sent == 0
    with Reader(bag) as reader:
        (connection,) = reader.connections
        numbers = [STORE.deserialize_cdr(data, connection.msgtype).position[0] for _, _, data in reader.messages()]  # type: ignore[attr-defined]
    # What was sent while the recorder was still matching or already leaving may be missing.
    assert numbers == [numbers[0] + i for i in range(len(numbers))]
    assert len(numbers) == connection.msgcount > 30
    assert "float64[] position" in connection.msgdef.data
    assert "MSG: std_msgs/Header" in connection.msgdef.data
    assert (bag / "metadata.yaml").read_text().count(f"storage_identifier: {storage}") == 1


def test_all_topics_are_recorded_with_the_quality_of_service_they_offer(node: Node, tmp_path: Path) -> None:
    latched = node.create_publisher(
        JointState, "/latched", QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    )
    latched.publish(JointState(name=["a"], position=[42.0]))
    stream = Stream(node, "/loose", QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT))
    bag = tmp_path / "bag"
    with ros2_bag("record", "-a", "-o", bag):
        wait_until(lambda: stream.sent > 20 and latched.get_subscription_count() > 0, "the recorder")
    with Reader(bag) as reader:
        offered = {c.topic: c.ext.offered_qos_profiles for c in reader.connections}
        counts = {c.topic: c.msgcount for c in reader.connections}
    assert offered["/latched"][0].durability == QosDurability.TRANSIENT_LOCAL
    assert offered["/loose"][0].reliability == QosReliability.BEST_EFFORT
    assert counts["/loose"] > 0
    assert counts["/latched"] == 1


@pytest.mark.parametrize("storage", STORAGES)
def test_a_bag_is_described(tmp_path: Path, storage: str) -> None:
    bag = write_bag(tmp_path / "bag", [("/a", 0, 0.0), ("/b", 5, 1.0), ("/a", 1500 * MS, 2.0)], storage)
    shown = subprocess.run(["ros2", "bag", "info", str(bag)], capture_output=True, text=True, timeout=60, check=True)
    lines = [line.strip() for line in shown.stdout.splitlines()]
    assert f"Storage id:        {storage}" in lines
    assert "Duration:          1.500000000s" in lines
    assert "Messages:          3" in lines
    assert any(line.startswith("Start:") and line.endswith("(1700000000.000000000)") for line in lines)
    assert any(line.startswith("End:") and line.endswith("(1700000001.500000000)") for line in lines)
    for topic, count in (("/a", 2), ("/b", 1)):
        assert any(f"Topic: {topic} | Type: sensor_msgs/msg/JointState | Count: {count} | " in line for line in lines)
