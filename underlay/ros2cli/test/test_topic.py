from __future__ import annotations

import os
import signal
import subprocess
import time

import yaml
from conftest import Ros2, Talker


def test_list_shows_topics_and_types(ros2: Ros2, talker: Talker) -> None:
    deadline = time.monotonic() + 30
    lines: list[str] = []
    while "/joints [sensor_msgs/msg/JointState]" not in lines and time.monotonic() < deadline:
        lines = ros2("topic", "list", "-t").stdout.splitlines()
    assert "/joints [sensor_msgs/msg/JointState]" in lines
    assert lines == sorted(lines)


def test_echo_once_prints_yaml(ros2: Ros2, talker: Talker) -> None:
    result = ros2("topic", "echo", "--once", "/joints")
    assert result.returncode == 0
    text, _, rest = result.stdout.partition("---\n")
    assert rest == ""
    assert yaml.safe_load(text) == {
        "header": {"stamp": {"sec": 0, "nanosec": 0}, "frame_id": ""},
        "name": ["elbow", "wrist"],
        "position": [0.5, -1.0],
        "velocity": [],
        "effort": [],
    }
    assert "name:\n- elbow\n- wrist\n" in text


def test_echo_can_leave_arrays_out_or_show_one_field(ros2: Ros2, talker: Talker) -> None:
    joints = ("/joints", "sensor_msgs/msg/JointState")
    assert "name: '<sequence type: string, length: 2>'" in ros2("topic", "echo", "--once", "--no-arr", *joints).stdout
    stamp = ros2("topic", "echo", "--once", "--field", "header.stamp", *joints)
    assert stamp.stdout.splitlines() == ["sec: 0", "nanosec: 0", "---"]


def test_hz_reports_the_rate_until_interrupted(talker: Talker) -> None:
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
