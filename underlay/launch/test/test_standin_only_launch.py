"""What only the stand-in does: it refuses what it does not cover, by name."""

import importlib
import sys
import time
from pathlib import Path

import pytest
from launch.actions import ExecuteProcess, LogInfo
from launch.launch_context import LaunchContext
from launch.launch_description_sources import AnyLaunchDescriptionSource
from launching import StartLaunch, alive, launch


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("launch", "frontend"),
        ("launch.actions", "OpaqueCoroutine"),
        ("launch.conditions", "LaunchConfigurationEquals"),
        ("launch.event_handlers", "OnProcessIO"),
        ("launch.events.process", "ProcessStdin"),
        ("launch.substitutions", "Command"),
        ("launch.launch_description_sources", "FrontendLaunchDescriptionSource"),
    ],
)
def test_uncovered_names_are_refused(module: str, name: str) -> None:
    with pytest.raises(ImportError, match=rf"{module}\.{name} .*ros-<distro>-launch$"):
        getattr(importlib.import_module(module), name)


def test_uncovered_keywords_are_refused() -> None:
    with pytest.raises(TypeError, match=r"cached_output= of ExecuteProcess .*ros-<distro>-launch$"):
        ExecuteProcess(cmd=["true"], cached_output=True)
    with pytest.raises(TypeError, match="ros-<distro>-launch"):
        LogInfo(msg="x", colour="red")


def test_uncovered_output_and_file_kinds_are_refused(capfd: pytest.CaptureFixture[str]) -> None:
    assert launch(ExecuteProcess(cmd=["true"], output="own_log")) == 1
    assert "own_log" in capfd.readouterr().out
    with pytest.raises(ValueError, match=r"launch-xml"):
        AnyLaunchDescriptionSource("some.launch.xml").get_launch_description(LaunchContext())


def test_what_a_process_leaves_behind_is_ended(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    # A background job of a shell ignores SIGINT.
    leave = f"{sys.executable} -S -c 'import time; time.sleep(60)' & echo $! > {file}"
    assert launch(ExecuteProcess(cmd=[leave], shell=True, sigterm_timeout=0.1)) == 0
    assert not alive(int(file.read_text()))


def test_kill_of_the_launch_ends_its_processes(start_launch: StartLaunch) -> None:
    process = start_launch(
        "import sys\n"
        "from launch import LaunchDescription\n"
        "from launch.actions import ExecuteProcess\n"
        "WAIT = 'import os, time; print(os.getpid(), flush=True); time.sleep(60)'\n"
        "def generate_launch_description():\n"
        "    cmd = [sys.executable, '-S', '-c', WAIT]\n"
        "    return LaunchDescription([ExecuteProcess(cmd=cmd, name='child', output='screen')])\n"
    )
    assert process.stdout is not None
    pid = next(int(line.split()[-1]) for line in process.stdout if line.startswith("[child-"))
    process.kill()
    # The child holds the pipe of its output, not ours: ask the kernel until it is gone.
    deadline = time.monotonic() + 10
    while alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)
