"""Conformance: the behaviour of the ``ros2`` of PATH, so this file runs against either."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from conftest import Talker, ros2


def test_run_passes_arguments_and_exit_code_through(package: Path) -> None:
    result = ros2("run", "greeter", "program", "a b", "--flag", "--ros-args", "-p", "x:=1")
    assert result.stdout.splitlines()[0].endswith("|a b|--flag|--ros-args|-p|x:=1")
    assert result.returncode == 7


def test_an_interrupt_of_the_group_ends_what_runs(package: Path) -> None:
    command = ["ros2", "run", "greeter", "program", "wait"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().endswith("|wait\n")
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(30) == 5


def test_launch_finds_a_file_by_package_and_by_path(package: Path) -> None:
    by_name = ros2("launch", "greeter", "greet.launch.py", "who:=you")
    assert by_name.returncode == 0
    assert "hello you" in by_name.stdout + by_name.stderr
    by_path = ros2("launch", str(package / "share/greeter/launch/greet.launch.py"))
    assert "hello nobody" in by_path.stdout + by_path.stderr


def test_launch_shows_arguments_with_description_and_default(package: Path) -> None:
    result = ros2("launch", "greeter", "greet.launch.py", "--show-args")
    lines = [line.strip() for line in result.stdout.splitlines() if line.strip()]
    expected = ["Arguments (pass arguments as '<name>:=<value>'):", "'who':", "Whom to greet", "(default: 'nobody')"]
    assert (result.returncode, lines) == (0, expected)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("run no_such_package x", "Package 'no_such_package' not found"),
        ("run greeter no_such_executable", "No executable found"),
        ("launch no_such_package x.launch.py", "Package 'no_such_package' not found"),
        ("launch greeter x.launch.py", "file 'x.launch.py' was not found in the share directory of package 'greeter'"),
        ("launch greeter greet.launch.py who=you", "malformed launch argument 'who=you'"),
        ("pkg prefix no_such_package", "not found"),
        ("param get /talker no_such_parameter", "Parameter not set"),
        ("service call /switch std_srvs/srv/NoSuchType", "The passed service type is invalid"),
        ("service call /switch std_srvs/srv/SetBool date:\\ 1", "'SetBool_Request' object has no attribute 'date'"),
        ("lifecycle set /talker no_such_transition", "Unknown transition requested, available ones are:\n- configure"),
    ],
)
def test_mistakes_end_with_1_and_say_what_is_wrong(package: Path, talker: Talker, line: str, message: str) -> None:
    result = ros2(*shlex.split(line))
    assert result.returncode == 1
    assert message in result.stderr


def test_pkg_shows_packages_prefixes_and_executables(package: Path) -> None:
    names = ros2("pkg", "list").stdout.split()
    assert {"greeter", "rclpy"} <= set(names)
    assert names == sorted(names)
    assert ros2("pkg", "prefix", "greeter").stdout.strip() == str(package)
    assert ros2("pkg", "prefix", "--share", "greeter").stdout.strip() == str(package / "share/greeter")
    assert ros2("pkg", "executables", "greeter").stdout.strip() == "greeter program"


def test_topic_list_shows_topics_and_types(talker: Talker) -> None:
    deadline = time.monotonic() + 30
    lines: list[str] = []
    while "/joints [sensor_msgs/msg/JointState]" not in lines and time.monotonic() < deadline:
        lines = ros2("topic", "list", "-t").stdout.splitlines()
    assert "/joints [sensor_msgs/msg/JointState]" in lines
    assert lines == sorted(lines)


def test_topic_echo_prints_yaml(talker: Talker) -> None:
    result = ros2("topic", "echo", "--once", "/joints")
    text, _, rest = result.stdout.partition("---\n")
    assert (result.returncode, rest) == (0, "")
    assert yaml.safe_load(text) == {
        "header": {"stamp": {"sec": 0, "nanosec": 0}, "frame_id": ""},
        "name": ["elbow", "wrist"],
        "position": [0.5, -1.0],
        "velocity": [],
        "effort": [],
    }


def test_topic_hz_reports_the_rate_until_interrupted(talker: Talker) -> None:
    command = ["ros2", "topic", "hz", "/joints", "--window", "20"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not any("std dev:" in line for line in lines):
            line = process.stdout.readline()
            assert line, "ros2 topic hz ended by itself"
            lines.append(line)
        os.killpg(process.pid, signal.SIGINT)
        process.wait(30)
    assert any(line.startswith("average rate: ") for line in lines)


def test_parameters_are_read_and_written(talker: Talker) -> None:
    assert ros2("param", "get", "/talker", "limits").stdout.strip() == "Double values are: array('d', [1.0, 2.5])"
    assert ros2("param", "get", "/talker", "use_sim_time").stdout.strip() == "Boolean value is: False"
    result = ros2("param", "set", "/talker", "gain", "5")
    assert (result.returncode, result.stdout.strip()) == (0, "Set parameter successful")
    assert "Setting parameter failed" in ros2("param", "set", "/talker", "gain", "word").stderr
    assert talker.get_parameter("gain").value == 5


def test_a_service_answers(talker: Talker) -> None:
    result = ros2("service", "call", "/switch", "std_srvs/srv/SetBool", "{data: true}")
    assert result.returncode == 0
    assert "requester: making request: std_srvs.srv.SetBool_Request(data=True)" in result.stdout
    assert "response:\nstd_srvs.srv.SetBool_Response(success=True, message='switched')" in result.stdout


def test_a_lifecycle_node_shows_and_changes_its_state(talker: Talker) -> None:
    assert ros2("lifecycle", "get", "/talker").stdout.strip() == "unconfigured [1]"
    assert ros2("lifecycle", "set", "/talker", "configure").stdout.strip() == "Transitioning successful"
    assert "Transitioning failed" in ros2("lifecycle", "set", "/talker", "activate").stderr
    assert ros2("lifecycle", "get", "/talker").stdout.strip() == "inactive [2]"
