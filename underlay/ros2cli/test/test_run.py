from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from conftest import Ros2


def test_arguments_and_exit_code_pass_through(ros2: Ros2, package: Path) -> None:
    result = ros2("run", "greeter", "echo_arguments", "a b", "--flag", "--ros-args", "-p", "x:=1")
    assert result.stdout.splitlines()[0] == "a b|--flag|--ros-args|-p|x:=1"
    assert result.returncode == 7


def test_a_prefix_goes_in_front(ros2: Ros2, package: Path) -> None:
    result = ros2("run", "--prefix", "env GREETING=hi", "greeter", "echo_arguments", "x")
    assert result.stdout.splitlines()[0] == "x"


def test_what_is_not_installed_is_an_error(ros2: Ros2, package: Path) -> None:
    for arguments, message in (
        (("no_such_package", "x"), "Package 'no_such_package' not found"),
        (("greeter", "no_such_executable"), "No executable found"),
    ):
        result = ros2("run", *arguments)
        assert result.returncode == 1
        assert message in result.stderr


def test_an_interrupt_of_the_group_ends_the_executable(package: Path) -> None:
    command = ["ros2", "run", "greeter", "wait_for_signal"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready")
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(30) == 5
