"""Processes: events, output, signals and logs."""

import os
import re
import signal
import sys
from pathlib import Path

import pytest
from launch import LaunchContext
from launch.actions import EmitEvent, ExecuteProcess, LogInfo, RegisterEventHandler, SetEnvironmentVariable, Shutdown
from launch.event_handlers import OnProcessExit, OnProcessStart
from launch.events import matches_action
from launch.events.process import ProcessExited, ProcessStarted, ShutdownProcess
from launch.logging import launch_config
from launching import StartLaunch, alive, launch, read_until

_WAIT = "import time; time.sleep(60)"
_STUBBORN = """
import signal, sys, time
for number in sys.argv[2:]:
    signal.signal(int(number), signal.SIG_IGN)
open(sys.argv[1], 'w').close()
time.sleep(60)
"""


def python(code: str, *arguments: str) -> list[str]:
    # -S leaves site packages out: these programs need none, and start at once.
    return [sys.executable, "-S", "-c", code, *arguments]


def collect(codes: list[int], process: ExecuteProcess) -> RegisterEventHandler:
    def on_exit(event: ProcessExited, _context: LaunchContext) -> None:
        codes.append(event.returncode)

    return RegisterEventHandler(OnProcessExit(target_action=process, on_exit=on_exit))


def test_start_and_exit_are_reported() -> None:
    seen: list[tuple[int, int]] = []

    def on_start(event: ProcessStarted, _context: LaunchContext) -> None:
        seen.append((event.pid, -1))

    def on_exit(event: ProcessExited, _context: LaunchContext) -> None:
        assert event.action is process
        assert event.process_name.startswith("worker-")
        seen.append((event.pid, event.returncode))

    process = ExecuteProcess(cmd=python("import sys; sys.exit(3)"), name="worker")
    code = launch(
        RegisterEventHandler(OnProcessStart(target_action=process, on_start=on_start)),
        RegisterEventHandler(OnProcessExit(target_action=process, on_exit=on_exit)),
        process,
        ExecuteProcess(cmd=python("pass")),
        ExecuteProcess(cmd=["/no/such/program"]),
    )
    assert (code, process.return_code) == (0, 3)
    assert seen == [(seen[0][0], -1), (seen[0][0], 3)]


def test_one_after_the_other_with_environment_folder_and_shell(tmp_path: Path) -> None:
    first, second = (
        ExecuteProcess(
            cmd=[f"echo {word} $ONE $TWO $PWD >> out"], shell=True, cwd=str(tmp_path), additional_env={"TWO": "2"}
        )
        for word in ("a", "b")
    )
    follow = RegisterEventHandler(OnProcessExit(target_action=first, on_exit=[second]))
    assert launch(SetEnvironmentVariable("ONE", "1"), follow, first) == 0
    assert (tmp_path / "out").read_text() == f"a 1 2 {tmp_path}\nb 1 2 {tmp_path}\n"


def test_end_of_a_required_process_ends_the_others() -> None:
    codes: list[int] = []
    waiting = ExecuteProcess(cmd=python(_WAIT))
    required = ExecuteProcess(cmd=python("pass"), on_exit=Shutdown())
    started = RegisterEventHandler(OnProcessStart(target_action=waiting, on_start=[required]))
    assert launch(collect(codes, waiting), started, waiting) == 0
    assert codes == [-signal.SIGINT]  # its own KeyboardInterrupt, raised again


@pytest.mark.parametrize(
    ("ignored", "end"),
    [([signal.SIGINT], signal.SIGTERM), ([signal.SIGINT, signal.SIGTERM], signal.SIGKILL)],
)
def test_stubborn_process_is_terminated_then_killed(tmp_path: Path, ignored: list[int], end: int) -> None:
    codes: list[int] = []
    up = tmp_path / "up"
    cmd = python(_STUBBORN, str(up), *(str(int(number)) for number in ignored))
    process = ExecuteProcess(cmd=cmd, sigterm_timeout="0.2", sigkill_timeout="0.2")
    wait = f"import os, time\nwhile not os.path.exists({str(up)!r}): time.sleep(0.01)"
    stop = EmitEvent(event=ShutdownProcess(process_matcher=matches_action(process)))
    launch(collect(codes, process), process, ExecuteProcess(cmd=python(wait), on_exit=[stop]))
    assert codes == [-end]


def test_shutdown_in_the_same_breath_leaves_nothing_running() -> None:
    assert launch(ExecuteProcess(cmd=python(_WAIT)), Shutdown(reason="at once")) == 0
    process = ExecuteProcess(cmd=python(_WAIT))
    assert launch(process, EmitEvent(event=ShutdownProcess(process_matcher=matches_action(process)))) == 0


@pytest.mark.parametrize(
    ("signum", "to_group"), [(signal.SIGINT, True), (signal.SIGINT, False), (signal.SIGTERM, False)]
)
def test_output_is_named_and_a_signal_ends_everything_once(
    start_launch: StartLaunch, signum: int, to_group: bool
) -> None:
    process = start_launch()
    lines, pid = read_until(process, "-2] out", "-1] err", "died")
    (os.killpg if to_group else os.kill)(process.pid, signum)
    text = "".join(lines) + process.communicate(timeout=30)[0]
    assert process.returncode == 0
    assert not alive(pid)
    # A launch that shares its process group with the program cannot spare it the second signal.
    assert "interrupted 1" in text or to_group
    assert f"process has finished cleanly [pid {pid}]" in text
    heads = [re.sub(r"\d+", "N", line) for line in text.splitlines()]
    assert heads.count("[loud-N] out") == heads.count("[loud-N] err") == heads.count("[quiet-N] err") == 1
    assert "[quiet-N] out" not in heads  # output="log": the screen gets errors only
    assert "[INFO] [launch.user]: hello" in heads
    assert "[INFO] [bad-N]: process started with pid [N]" in heads
    assert "[ERROR] [bad-N]: process has died [pid N, exit code N, cmd 'false']." in heads


def test_everything_is_logged_in_a_file() -> None:
    launch(LogInfo(msg="to be kept"), ExecuteProcess(cmd=python("print('said')"), name="talker"))
    text = (Path(launch_config.log_dir) / "launch.log").read_text()
    assert Path(os.environ["ROS_LOG_DIR"]) in Path(launch_config.log_dir).parents
    assert "[INFO] [launch.user]: to be kept" in text
    assert re.search(r"\[talker-\d+\] said\n", text)
