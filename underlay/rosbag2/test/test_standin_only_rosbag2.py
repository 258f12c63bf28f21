"""What only the stand-in promises: its messages, exit codes, and the pieces behind the commands."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest
from conftest import STORE, Step, ros2_bag, wait_until, write_bag
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from ros2cli.cli import run
from ros2cli.errors import CliError
from rosbag2.bag_qos import offer_like, to_bag
from rosbag2.definitions import message_definition
from rosbag2.player import Pace, Timeline
from rosbags.typesys import get_types_from_msg
from rosgraph_msgs.msg import Clock


@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        (["play", "{bag}", "--rate", "0"], "--rate must be finite and above 0", 2),
        (["play", "{bag}", "--rate", "inf"], "--rate must be finite and above 0", 2),
        (["play", "{bag}", "--delay", "-1"], "--delay must be finite and 0 or more", 2),
        (["play", "{bag}", "--remap", "/a"], "--remap needs from:=to, not '/a'", 2),
        (["play", "{bag}", "--topics", "/b"], "nothing to play", 1),
        (["play", "{bag}-missing"], "does not exist", 1),
        (["play", "{folder}"], "has no metadata.yaml", 1),
        (["info", "{bag}/metadata.yaml"], "cannot be read", 1),
        (["record"], "name the topics to record, or choose --all", 1),
        (["record", "-a", "/a"], "one of the two, not both", 1),
        (["convert"], "'ros2 bag convert' is not covered", 2),
    ],
)
def test_mistakes_are_named(arguments: list[str], message: str, code: int, tmp_path: Path) -> None:
    bag = write_bag(tmp_path / "bag", [Step("/a", 0, 0.0)])
    with pytest.raises(CliError, match=message) as caught:
        run(["bag", *(argument.format(bag=bag, folder=tmp_path) for argument in arguments)])
    assert caught.value.exit_code == code


def test_a_truncated_bag_is_refused(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / "bag", [Step("/a", i, 0.0) for i in range(100)])
    storage = bag / "bag.mcap"
    storage.write_bytes(storage.read_bytes()[:200])
    with pytest.raises(CliError, match="cannot be read"):
        run(["bag", "info", str(bag)])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_recording_and_playing_with_0(node: Node, number: signal.Signals, tmp_path: Path) -> None:
    clock: list[Clock] = []
    node.create_subscription(Clock, "/clock", clock.append, qos_profile_sensor_data)
    played = write_bag(tmp_path / "played", [Step("/a", 0, 0.0), Step("/a", 10**15, 1.0)])
    recorded = tmp_path / "recorded"
    with ros2_bag("play", played, "--clock") as player, ros2_bag("record", "/clock", "-o", recorded) as recorder:
        wait_until(lambda: bool(clock) and any(recorded.glob("*.mcap")), "both to be at work")
        for process in (player, recorder):
            os.killpg(process.pid, number)
            os.killpg(process.pid, number)
            assert process.wait(30) == 0
    assert (recorded / "metadata.yaml").exists()


@pytest.mark.parametrize("name", ["sensor_msgs/msg/JointState", "trajectory_msgs/msg/JointTrajectory"])
def test_stored_definitions_are_complete(name: str) -> None:
    types = get_types_from_msg(message_definition(name), name)
    assert {key: STORE.fielddefs[key] for key in types} == types


def test_a_type_that_is_not_installed_has_no_definition() -> None:
    with pytest.raises(CliError, match=r"no definition of no_such_msgs/msg/Thing is installed"):
        message_definition("no_such_msgs/msg/Thing")


def test_an_offer_suits_every_recorded_subscriber() -> None:
    latched = to_bag(QoSProfile(depth=7, durability=DurabilityPolicy.TRANSIENT_LOCAL))
    loose = to_bag(QoSProfile(depth=3, reliability=ReliabilityPolicy.BEST_EFFORT))
    both = offer_like([latched, loose])
    assert (both.reliability, both.durability, both.depth) == (
        ReliabilityPolicy.RELIABLE,
        DurabilityPolicy.TRANSIENT_LOCAL,
        7,
    )
    assert offer_like([loose]).reliability == ReliabilityPolicy.BEST_EFFORT
    assert offer_like([]).reliability == ReliabilityPolicy.RELIABLE


def test_the_clock_starts_before_the_first_message_and_ticks_in_between() -> None:
    ticks: list[int] = []
    timeline = Timeline(0, Pace(rate=1e6, clock_hz=1e6), threading.Event(), ticks.append)
    assert timeline.wait_for(0)
    assert ticks == [0]
    assert timeline.wait_for(3_500_000_000)
    assert ticks == [0, 1_000_000_000, 2_000_000_000, 3_000_000_000]


def test_stopping_ends_the_wait_for_the_next_message() -> None:
    stop = threading.Event()
    stop.set()
    assert not Timeline(0, Pace(), stop, lambda _: None).wait_for(10**18)
