from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from conftest import START_NS, STORAGES, Step, ros2_bag, wait_until, write_bag
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.time import Time
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState

MS = 1_000_000


def listen(node: Node, *topics: str) -> list[tuple[str, float]]:
    """Collect (topic, number) in order of arrival."""
    heard: list[tuple[str, float]] = []
    for topic in topics:

        def keep(message: JointState, topic: str = topic) -> None:
            heard.append((topic, message.position[0]))

        node.create_subscription(JointState, topic, keep, 1000)
    return heard


@pytest.mark.parametrize("storage", STORAGES)
def test_messages_come_in_recorded_order_and_loop(node: Node, tmp_path: Path, storage: str) -> None:
    steps = [Step("/left" if i % 3 else "/right", i * 10 * MS, float(i)) for i in range(30)]
    bag = write_bag(tmp_path / "bag", steps, storage)
    left, right = listen(node, "/left"), listen(node, "/right")
    with ros2_bag("play", bag, "--loop"):
        wait_until(lambda: len(left) > 60 and len(right) > 30, "three loops")
    for heard, recorded in (
        (left, [s.number for s in steps if s.topic == "/left"]),
        (right, [s.number for s in steps if s.topic == "/right"]),
    ):
        numbers = [number for _, number in heard]
        first = recorded.index(numbers[0])
        assert numbers == [recorded[(first + i) % len(recorded)] for i in range(len(numbers))]


def test_topics_are_chosen_and_renamed(node: Node, tmp_path: Path) -> None:
    steps = [Step(topic, i * 10 * MS, float(i)) for i in range(20) for topic in ("/a", "/b")]
    heard = listen(node, "/a", "/b", "/moved")
    bag = write_bag(tmp_path / "bag", steps)
    with ros2_bag("play", bag, "--loop", "--topics", "/a", "--remap", "/a:=/moved"):
        wait_until(lambda: len(heard) > 20, "20 messages")
    assert {topic for topic, _ in heard} == {"/moved"}


def test_clock_stays_within_the_recording_and_advances(node: Node, tmp_path: Path) -> None:
    bag = write_bag(tmp_path / "bag", [Step("/a", i * 100 * MS, float(i)) for i in range(11)])
    clock: list[int] = []

    def keep(message: Clock) -> None:
        clock.append(Time.from_msg(message.clock).nanoseconds)

    node.create_subscription(Clock, "/clock", keep, qos_profile_sensor_data)
    with ros2_bag("play", bag, "--loop", "--clock", "50"):
        wait_until(lambda: len(clock) > 60, "60 clock messages")
    assert all(START_NS <= stamp <= START_NS + 1200 * MS for stamp in clock)
    steps = [later - earlier for earlier, later in pairwise(clock)]
    assert sorted(steps)[len(steps) // 2] == pytest.approx(20 * MS, rel=0.5)


def test_playing_takes_the_recorded_time_divided_by_the_rate(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / "bag", [Step("/a", i * 1000 * MS, float(i)) for i in range(101)])
    begun = time.monotonic()
    with ros2_bag("play", bag, "--rate", "100") as process:
        assert process.wait(60) == 0
    assert time.monotonic() - begun >= 1.0


def test_the_real_recording_plays(node: Node) -> None:
    bag = Path(__file__).resolve().parents[4] / "shared/datasets/rosbag2_abitobot_jointstate"
    if not bag.exists():
        pytest.skip("the shared recordings are not here")
    names: list[Any] = []
    node.create_subscription(JointState, "/joint_states", lambda m: names.append(list(m.name)), 1000)
    with ros2_bag("play", bag, "--rate", "10", "--topics", "/joint_states"):
        wait_until(lambda: len(names) > 50, "50 joint states")
    assert all(len(name) > 0 for name in names)
