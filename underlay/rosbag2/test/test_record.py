from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest
from conftest import STORAGES, numbers_of, ros2_bag, wait_until
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosbags.interfaces import QosDurability, QosReliability
from rosbags.rosbag2 import Reader
from sensor_msgs.msg import JointState

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
LOOSE = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)


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
def test_every_message_of_a_reliable_topic_is_recorded_in_order(node: Node, tmp_path: Path, storage: str) -> None:
    stream, bag = Stream(node, "/joints"), tmp_path / "bag"
    other = Stream(node, "/unwanted")
    with ros2_bag("record", "--topics", "/joints", "-o", bag, "-s", storage):
        wait_until(lambda: stream.sent > 50, "50 messages")
    numbers = numbers_of(bag)
    assert set(numbers) == {"/joints"}
    assert other.sent == 0
    # What was sent while the recorder was still matching or already leaving may be missing.
    first = numbers["/joints"][0]
    assert numbers["/joints"] == [first + i for i in range(len(numbers["/joints"]))]
    assert len(numbers["/joints"]) > 30
    with Reader(bag) as reader:
        assert reader.message_count == len(numbers["/joints"])
        assert "float64[] position" in reader.connections[0].msgdef.data
        assert "MSG: std_msgs/Header" in reader.connections[0].msgdef.data
    assert (bag / "metadata.yaml").read_text().count(f"storage_identifier: {storage}") == 1


def test_all_topics_are_recorded_with_the_quality_of_service_they_offer(node: Node, tmp_path: Path) -> None:
    latched = node.create_publisher(JointState, "/latched", LATCHED)
    latched.publish(JointState(name=["a"], position=[42.0]))
    stream, bag = Stream(node, "/loose", LOOSE), tmp_path / "bag"
    with ros2_bag("record", "-a", "-o", bag):
        wait_until(lambda: stream.sent > 20 and latched.get_subscription_count() > 0, "the recorder")
    with Reader(bag) as reader:
        offered = {c.topic: c.ext.offered_qos_profiles for c in reader.connections}
        counts = {c.topic: c.msgcount for c in reader.connections}
    assert offered["/latched"][0].durability == QosDurability.TRANSIENT_LOCAL
    assert offered["/loose"][0].reliability == QosReliability.BEST_EFFORT
    assert counts["/loose"] > 0
    assert counts["/latched"] == 1


def test_termination_finishes_the_bag(node: Node, tmp_path: Path) -> None:
    stream, bag = Stream(node, "/joints"), tmp_path / "bag"
    with ros2_bag("record", "--topics", "/joints", "-o", bag) as process:
        wait_until(lambda: stream.sent > 20, "20 messages")
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    assert len(numbers_of(bag)["/joints"]) > 0


def test_an_existing_folder_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "bag").mkdir()
    command = ["ros2", "bag", "record", "-a", "-o", str(tmp_path / "bag")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode != 0
    assert "already exists" in result.stdout + result.stderr
    assert list((tmp_path / "bag").iterdir()) == []
