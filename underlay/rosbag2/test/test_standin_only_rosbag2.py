"""What only the stand-in promises: its messages, exit codes, and the pieces behind the commands."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from ros2cli.cli import run
from ros2cli.command import CliError
from rosbag2.player import offer_like
from rosbag2.recorder import message_definition, to_bag
from rosbags.typesys import get_types_from_msg
from rosgraph_msgs.msg import Clock

from conftest import STORE, ros2_bag, wait_until, write_bag


@pytest.mark.parametrize(
    ("line", "message", "code"),
    [
        ("play {bag} --rate 0", "--rate must be finite and above 0", 2),
        ("play {bag} --delay -1", "--delay must be finite and 0 or more", 2),
        ("play {bag} --remap /a", "--remap needs from:=to, not '/a'", 2),
        ("play {bag} --start-offset 3", "unrecognized arguments.* not covered .*-ros2bag", 2),
        ("play {bag} --topics /b", "nothing to play", 1),
        ("play {bag}-missing", "does not exist", 1),
        ("play {folder}", "has no metadata.yaml", 1),
        ("info {bag}/metadata.yaml", "cannot be read", 1),
        ("info {truncated}", "cannot be read", 1),
        ("record", "name the topics to record, or choose --all", 1),
        ("record -a /a", "one of the two, not both", 1),
        ("record -a -o {folder}", "already exists", 1),
        ("convert", "invalid choice: 'convert' .* not covered", 2),
    ],
)
def test_mistakes_are_named(line: str, message: str, code: int, tmp_path: Path) -> None:
    bag, truncated = (write_bag(tmp_path / name, [("/a", 0, 0.0)]) for name in ("bag", "truncated"))
    storage = truncated / "truncated.mcap"
    storage.write_bytes(storage.read_bytes()[:200])
    with pytest.raises(CliError, match=message) as caught:
        run(["bag", *line.format(bag=bag, truncated=truncated, folder=tmp_path).split()])
    assert caught.value.exit_code == code


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_recording_and_playing_with_0(node: Node, number: signal.Signals, tmp_path: Path) -> None:
    clock: list[Clock] = []
    node.create_subscription(Clock, "/clock", clock.append, qos_profile_sensor_data)
    played = write_bag(tmp_path / "played", [("/a", 0, 0.0), ("/a", 10**15, 1.0)])
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
    assert len(types) > 1
    assert {key: STORE.fielddefs[key] for key in types} == types


def test_an_offer_suits_every_recorded_subscriber() -> None:
    latched = to_bag(QoSProfile(depth=7, durability=DurabilityPolicy.TRANSIENT_LOCAL))
    loose = to_bag(QoSProfile(depth=3, reliability=ReliabilityPolicy.BEST_EFFORT))
    both = offer_like([latched, loose])
    assert (both.reliability, both.durability) == (ReliabilityPolicy.RELIABLE, DurabilityPolicy.TRANSIENT_LOCAL)
    assert both.depth == 7
    assert offer_like([loose]).reliability == ReliabilityPolicy.BEST_EFFORT
    assert offer_like([]).reliability == ReliabilityPolicy.RELIABLE
