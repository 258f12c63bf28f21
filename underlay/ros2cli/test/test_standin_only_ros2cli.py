"""What only the stand-in promises: refusals that name the genuine package, strict requests, no orphans."""

from __future__ import annotations

import math
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from ros2cli.cli import run
from ros2cli.command import CliError
from ros2cli.interfaces import build, to_yaml
from ros2cli.node import request_matching
from sensor_msgs.msg import Image, Imu
from std_msgs.msg import Float64, Int8, String
from std_srvs.srv import SetBool
from trajectory_msgs.msg import JointTrajectory


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("action list", r"'ros2 action' .* ros-kilted-ros2action"),
        ("daemon stop", r"'ros2 daemon' .* ros-kilted-ros2cli"),
        ("topic pub", r"invalid choice: 'pub' .* ros-kilted-ros2topic"),
        ("topic echo --csv /joints", r"unrecognized arguments: --csv.* ros-kilted-ros2topic"),
        ("launch {}/robot.launch.xml", r"robot\.launch\.xml' .* ros-kilted-launch-xml"),
    ],
)
def test_what_is_not_covered_is_refused_by_name(
    line: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROS_DISTRO", "kilted")
    (tmp_path / "robot.launch.xml").touch()
    with pytest.raises(CliError, match=named) as caught:
        run(line.format(tmp_path).split())
    assert caught.value.exit_code == 2


def test_termination_of_ros2_run_reaches_the_executable(package: Path) -> None:
    command = ["ros2", "run", "greeter", "program", "wait"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        pid, _ = process.stdout.readline().split("|")
        process.terminate()
        assert process.wait(30) == 6
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), signal.SIG_DFL)


@pytest.mark.parametrize(
    ("cls", "values"),
    [
        (SetBool.Request, {"data": "yes"}),
        (Int8, {"data": 300}),
        (Int8, {"data": 1.5}),
        (Float64, {"data": "fast"}),
        (String, {"data": {}}),
        (Imu, {"orientation": {"q": 3}}),
        (Imu, {"orientation_covariance": [1.0]}),
        (JointTrajectory, {"points": [3]}),
    ],
)
def test_a_value_that_does_not_fit_is_refused(cls: type[Any], values: dict[str, Any]) -> None:
    with pytest.raises(CliError, match="Failed to populate field"):
        build(cls, values)


# YAML folds line breaks, of which Unicode has several, and cannot hold most control characters.
text = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")))
finite = st.floats(allow_nan=False, allow_infinity=False)
stamp = st.fixed_dictionaries({"sec": st.integers(-(2**31), 2**31 - 1)})
trajectories = st.fixed_dictionaries(
    {
        "header": st.fixed_dictionaries({"stamp": stamp, "frame_id": text}),
        "joint_names": st.lists(text, max_size=3),
        "points": st.lists(st.fixed_dictionaries({"positions": st.lists(finite | st.integers(-9, 9))}), max_size=3),
    }
)


@settings(deadline=None, max_examples=40)
@given(trajectories)
def test_a_printed_message_reads_back(values: dict[str, Any]) -> None:
    message = build(JointTrajectory, values)
    assert build(JointTrajectory, yaml.safe_load(to_yaml(message, limit=None))) == message


def test_long_arrays_and_strings_are_cut() -> None:
    shown = yaml.safe_load(to_yaml(build(Image, {"data": [7] * 200, "encoding": "x" * 200}), limit=5))
    assert (shown["data"], shown["encoding"]) == ([7] * 5 + ["..."], "xxxxx...")
    assert math.isnan(yaml.safe_load(to_yaml(Float64(data=math.nan)))["data"])


def test_a_request_is_as_strict_as_all_offers_allow() -> None:
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    loose = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    assert request_matching([latched, latched]).durability == DurabilityPolicy.TRANSIENT_LOCAL
    assert request_matching([latched, loose]).durability == DurabilityPolicy.VOLATILE
    assert request_matching([latched, loose]).reliability == ReliabilityPolicy.BEST_EFFORT
    assert request_matching([]).reliability == ReliabilityPolicy.RELIABLE
