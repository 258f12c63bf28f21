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
from conftest import Ros2, Talker
from hypothesis import given, settings
from hypothesis import strategies as st
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from ros2cli.cli import run
from ros2cli.errors import CliError
from ros2cli.interfaces import YamlStyle, build, to_yaml
from ros2cli.qos import request_matching
from sensor_msgs.msg import Image, Imu
from std_msgs.msg import Float64, Int8, String
from std_srvs.srv import SetBool
from trajectory_msgs.msg import JointTrajectory


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["action", "list"], r"'ros2 action' .* ros-kilted-ros2action"),
        (["daemon", "stop"], r"'ros2 daemon' .* ros-kilted-ros2cli"),
        (["topic", "pub"], r"'ros2 topic pub' .* ros-kilted-ros2topic"),
        (["lifecycle", "nodes"], r"'ros2 lifecycle nodes' .* ros-kilted-ros2lifecycle"),
    ],
)
def test_an_uncovered_verb_is_refused_by_name(
    arguments: list[str], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROS_DISTRO", "kilted")
    with pytest.raises(CliError, match=named) as caught:
        run(arguments)
    assert caught.value.exit_code == 2


def test_an_uncovered_option_is_refused_by_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROS_DISTRO", "kilted")
    with pytest.raises(SystemExit) as caught:
        run(["topic", "echo", "--csv", "/joints"])
    assert caught.value.code == 2
    assert "unrecognized arguments: --csv" in (message := capsys.readouterr().err)
    assert "ros-kilted-ros2topic" in message


def test_a_launch_file_that_is_not_python_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "robot.launch.xml"
    path.touch()
    with pytest.raises(CliError, match=r"robot\.launch\.xml' .* not covered .*launch-xml"):
        run(["launch", str(path)])


def test_help_lists_every_command_and_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["topic"]) == 0
    shown = capsys.readouterr().out
    assert all(verb in shown for verb in ("list", "echo", "hz"))


def test_termination_of_ros2_run_reaches_the_executable(package: Path) -> None:
    command = ["ros2", "run", "greeter", "wait_for_signal"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        _, pid = process.stdout.readline().split()
        process.terminate()
        assert process.wait(30) == 6
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), signal.SIG_DFL)


def test_a_refused_parameter_ends_with_1(ros2: Ros2, talker: Talker) -> None:
    assert ros2("param", "set", "/talker", "gain", "word").returncode == 1


@pytest.mark.parametrize(
    ("cls", "values"),
    [
        (SetBool.Request, {"data": [1]}),
        (SetBool.Request, {"data": "yes"}),
        (Int8, {"data": 300}),
        (Int8, {"data": 1.5}),
        (Float64, {"data": "fast"}),
        (String, {"data": {}}),
        (Imu, {"orientation": 3}),
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
trajectories = st.fixed_dictionaries(
    {
        "header": st.fixed_dictionaries(
            {"stamp": st.fixed_dictionaries({"sec": st.integers(-(2**31), 2**31 - 1)}), "frame_id": text}
        ),
        "joint_names": st.lists(text, max_size=3),
        "points": st.lists(st.fixed_dictionaries({"positions": st.lists(finite | st.integers(-9, 9))}), max_size=3),
    }
)


@settings(deadline=None, max_examples=40)
@given(trajectories, st.booleans())
def test_a_printed_message_reads_back(values: dict[str, Any], flow: bool) -> None:
    message = build(JointTrajectory, values)
    printed = to_yaml(message, YamlStyle(limit=None, flow=flow))
    assert build(JointTrajectory, yaml.safe_load(printed)) == message


def test_long_arrays_and_strings_are_cut() -> None:
    text = yaml.safe_load(to_yaml(build(Image, {"data": [7] * 200, "encoding": "x" * 200}), YamlStyle(limit=5)))
    assert text["data"] == [7] * 5 + ["..."]
    assert text["encoding"] == "xxxxx..."


def test_not_a_number_is_printed() -> None:
    assert math.isnan(yaml.safe_load(to_yaml(Float64(data=math.nan), YamlStyle()))["data"])


def test_a_request_is_as_strict_as_all_offers_allow() -> None:
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    loose = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    assert request_matching([latched, latched]).durability == DurabilityPolicy.TRANSIENT_LOCAL
    assert request_matching([latched, loose]).durability == DurabilityPolicy.VOLATILE
    assert request_matching([latched, loose]).reliability == ReliabilityPolicy.BEST_EFFORT
    assert request_matching([]).reliability == ReliabilityPolicy.RELIABLE
