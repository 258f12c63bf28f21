from __future__ import annotations

from pathlib import Path

from conftest import Ros2


def test_a_launch_file_of_a_package_runs_with_its_arguments(ros2: Ros2, package: Path) -> None:
    result = ros2("launch", "greeter", "greet.launch.py", "who:=you")
    assert result.returncode == 0
    assert "hello you" in result.stdout + result.stderr


def test_a_launch_file_runs_by_its_path(ros2: Ros2, package: Path) -> None:
    result = ros2("launch", str(package / "share/greeter/launch/greet.launch.py"))
    assert result.returncode == 0
    assert "hello nobody" in result.stdout + result.stderr


def test_arguments_are_shown_with_description_and_default(ros2: Ros2, package: Path) -> None:
    for flag in ("--show-args", "-s"):
        result = ros2("launch", "greeter", "greet.launch.py", flag)
        assert result.returncode == 0
        lines = [line.strip() for line in result.stdout.splitlines() if line.strip()]
        assert lines == [
            "Arguments (pass arguments as '<name>:=<value>'):",
            "'who':",
            "Whom to greet",
            "(default: 'nobody')",
        ]


def test_mistakes_end_with_1_and_say_what_is_wrong(ros2: Ros2, package: Path) -> None:
    for arguments, message in (
        (("no_such_package", "x.launch.py"), "Package 'no_such_package' not found"),
        (("greeter", "x.launch.py"), "file 'x.launch.py' was not found in the share directory of package 'greeter'"),
        (("greeter", "greet.launch.py", "who=you"), "malformed launch argument 'who=you'"),
    ):
        result = ros2("launch", *arguments)
        assert result.returncode == 1
        assert message in result.stderr
