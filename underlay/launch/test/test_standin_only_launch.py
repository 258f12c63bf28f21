"""What only the stand-in does: it refuses what it does not cover, by name, and leaves no process behind."""

import importlib
import sys
import time
from pathlib import Path

import pytest
from launch import LaunchContext
from launch.actions import ExecuteProcess, IncludeLaunchDescription, LogInfo, SetLaunchConfiguration
from launching import StartLaunch, alive, launch, read_until

_GENUINE = r".*install the genuine ros-<distro>-launch$"


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("launch", "frontend"),
        ("launch.actions", "OpaqueCoroutine"),
        ("launch.event_handlers", "OnProcessIO"),
        ("launch.events.process", "SignalProcess"),
        ("launch.substitutions", "Command"),
    ],
)
def test_uncovered_names_are_refused(module: str, name: str) -> None:
    with pytest.raises(ImportError, match=rf"{module}\.{name} {_GENUINE}"):
        getattr(importlib.import_module(module), name)
    with pytest.raises(ImportError, match=rf"{module}\.{name} {_GENUINE}"):
        importlib.import_module(f"{module}.{name}")


def test_uncovered_keywords_attributes_and_values_are_refused(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TypeError, match=f"respawn= of ExecuteProcess {_GENUINE}"):
        ExecuteProcess(cmd=["true"], respawn=True)
    with pytest.raises(TypeError, match=f"colour= of LogInfo {_GENUINE}"):
        LogInfo(msg="x", colour="red")
    with pytest.raises(TypeError, match=_GENUINE):
        IncludeLaunchDescription("some.launch.xml")  # type: ignore[arg-type]
    with pytest.raises(AttributeError, match=rf"LaunchContext\.would_handle_event {_GENUINE}"):
        LaunchContext().would_handle_event  # type: ignore[attr-defined]  # noqa: B018
    assert launch(ExecuteProcess(cmd=["true"], output="own_log")) == 1
    assert "output='own_log' of ExecuteProcess is not part" in capfd.readouterr().out
    assert launch(SetLaunchConfiguration("launch-prefix", "gdb"), ExecuteProcess(cmd=["true"])) == 1
    assert "launch-prefix is not part" in capfd.readouterr().out


def test_what_a_process_leaves_behind_is_ended(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    # A background job of a shell ignores SIGINT.
    leave = f"{sys.executable} -S -c 'import time; time.sleep(60)' & echo $! > {file}"
    assert launch(ExecuteProcess(cmd=[leave], shell=True, sigterm_timeout=0.1)) == 0
    assert not alive(int(file.read_text()))


def test_kill_of_the_launch_ends_its_processes(start_launch: StartLaunch) -> None:
    process = start_launch()
    _, pid = read_until(process)
    process.kill()
    # The child holds the pipe of its output, not ours: ask the kernel until it is gone.
    deadline = time.monotonic() + 10
    while alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)
