"""Processes: events, output, signals and logs."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from launch import LaunchContext
from launch.actions import EmitEvent, ExecuteProcess, LogInfo, RegisterEventHandler, SetEnvironmentVariable, Shutdown
from launch.event_handlers import OnProcessExit, OnProcessStart
from launch.events import matches_action
from launch.events.process import ProcessExited, ProcessStarted, ShutdownProcess, SignalProcess
from launch.logging import launch_config
from launching import StartLaunch, alive, launch

_STUBBORN = "import signal, sys, time; signal.signal(signal.SIGINT, signal.SIG_IGN); {} print('up', flush=True); {}"
_WAIT = "import time; time.sleep(60)"


def python(code: str, *arguments: str) -> list[str]:
    # -S leaves site packages out: these programs need none, and start at once.
    return [sys.executable, "-S", "-c", code, *arguments]


def collect(codes: list[int], process: ExecuteProcess) -> RegisterEventHandler:
    return RegisterEventHandler(
        OnProcessExit(target_action=process, on_exit=lambda event, _: codes.append(event.returncode))
    )


def test_start_and_exit_are_reported() -> None:
    started: list[int] = []
    ended: list[tuple[int, int]] = []

    def on_start(event: ProcessStarted, _context: LaunchContext) -> None:
        started.append(event.pid)

    def on_exit(event: ProcessExited, _context: LaunchContext) -> None:
        assert event.action is process
        assert event.process_name.startswith("worker-")
        ended.append((event.pid, event.returncode))

    process = ExecuteProcess(cmd=python("import sys; sys.exit(3)"), name="worker")
    other = ExecuteProcess(cmd=python("pass"))
    code = launch(
        RegisterEventHandler(OnProcessStart(target_action=process, on_start=on_start)),
        RegisterEventHandler(OnProcessExit(target_action=process, on_exit=on_exit)),
        process,
        other,
    )
    assert code == 0
    assert ended == [(started[0], 3)]


def test_steps_one_after_the_other(tmp_path: Path) -> None:
    file = tmp_path / "order"
    first, second = (
        ExecuteProcess(cmd=python("import sys; open(sys.argv[1], 'a').write(sys.argv[2])", str(file), word))
        for word in ("one ", "two")
    )
    assert launch(RegisterEventHandler(OnProcessExit(target_action=first, on_exit=[second])), first) == 0
    assert file.read_text() == "one two"


def test_environment_folder_and_shell(tmp_path: Path) -> None:
    tell = "echo $ONE $TWO $PWD > out"
    launch(
        SetEnvironmentVariable("ONE", "1"),
        ExecuteProcess(cmd=[tell], shell=True, cwd=str(tmp_path), additional_env={"TWO": "2"}),
    )
    assert (tmp_path / "out").read_text() == f"1 2 {tmp_path}\n"


def test_end_of_a_required_process_ends_the_others() -> None:
    codes: list[int] = []
    waiting = ExecuteProcess(cmd=python(_WAIT))
    code = launch(
        collect(codes, waiting),
        RegisterEventHandler(
            OnProcessStart(target_action=waiting, on_start=[ExecuteProcess(cmd=python("pass"), on_exit=Shutdown())])
        ),
        waiting,
    )
    assert code == 0
    assert codes == [-signal.SIGINT]  # its own KeyboardInterrupt, raised again


@pytest.mark.parametrize(
    ("on_term", "returncode"),
    [("", -signal.SIGTERM), ("signal.signal(signal.SIGTERM, signal.SIG_IGN);", -signal.SIGKILL)],
)
def test_stubborn_process_is_terminated_then_killed(tmp_path: Path, on_term: str, returncode: int) -> None:
    codes: list[int] = []
    up = tmp_path / "up"
    program = _STUBBORN.format(on_term, "open(sys.argv[1], 'w').close(); time.sleep(60)")
    process = ExecuteProcess(cmd=python(program, str(up)), sigterm_timeout="0.2", sigkill_timeout="0.2")
    wait = f"import os, time\nwhile not os.path.exists({str(up)!r}): time.sleep(0.01)"
    stop = EmitEvent(event=ShutdownProcess(process_matcher=matches_action(process)))
    launch(
        collect(codes, process),
        process,
        ExecuteProcess(cmd=python(wait), on_exit=[stop]),
    )
    assert codes == [returncode]


def test_shutdown_in_the_same_breath_leaves_nothing_running() -> None:
    assert launch(ExecuteProcess(cmd=python(_WAIT)), Shutdown(reason="at once")) == 0
    process = ExecuteProcess(cmd=python(_WAIT), respawn=True)
    stop = EmitEvent(event=ShutdownProcess(process_matcher=matches_action(process)))
    assert launch(process, stop) == 0


def test_signal_goes_to_the_process_that_is_meant() -> None:
    codes: list[int] = []
    process = ExecuteProcess(cmd=python(_WAIT))
    send = EmitEvent(event=SignalProcess(signal_number=signal.SIGUSR1, process_matcher=matches_action(process)))
    launch(
        RegisterEventHandler(OnProcessStart(target_action=process, on_start=[send])),
        collect(codes, process),
        process,
    )
    assert codes == [-signal.SIGUSR1]


def test_program_that_does_not_exist_does_not_hang_the_launch() -> None:
    launch(ExecuteProcess(cmd=["/no/such/program"]))


def test_respawn_stops_after_its_retries(tmp_path: Path) -> None:
    file = tmp_path / "runs"
    count = python("import sys; open(sys.argv[1], 'a').write('x')", str(file))
    launch(ExecuteProcess(cmd=count, respawn=True, respawn_max_retries=2))
    assert file.read_text() == "xxx"


_FILE = """
import sys
from launch import LaunchDescription
from launch.actions import ExecuteProcess, LogInfo

TALK = "import os, sys; print('out', flush=True); print('err', file=sys.stderr, flush=True); print(os.isatty(1))"
STAY = '''
import os, signal, sys, time
count = 0
def hear(*_):
    global count
    count += 1
signal.signal(signal.SIGINT, hear)
print("ready", os.getpid(), flush=True)
while not count:
    time.sleep(0.01)
time.sleep(0.3)
print("interrupted", count, flush=True)
'''

def generate_launch_description():
    return LaunchDescription([
        LogInfo(msg="hello"),
        ExecuteProcess(cmd=[sys.executable, "-S", "-c", TALK], name="quiet"),
        ExecuteProcess(cmd=[sys.executable, "-S", "-c", TALK], name="loud", output="screen", emulate_tty=True),
        ExecuteProcess(cmd=[sys.executable, "-S", "-c", STAY], name="stay", output="both"),
        ExecuteProcess(cmd=["false"], name="bad"),
    ])
"""


def read_until(process: "subprocess.Popen[str]", *words: str) -> str:
    """Return what a launch has written when all words have come."""
    assert process.stdout is not None
    text = ""
    while not all(word in text for word in words):
        line = process.stdout.readline()
        assert line, f"the launch ended before it wrote {words}: {text}"
        text += line
    return text


@pytest.mark.parametrize(
    ("signum", "to_group"), [(signal.SIGINT, True), (signal.SIGINT, False), (signal.SIGTERM, False)]
)
def test_signals_end_everything_once(start_launch: StartLaunch, signum: int, to_group: bool) -> None:
    process = start_launch(_FILE)
    text = read_until(process, "ready", "True")
    pid = int(next(line for line in text.splitlines() if "ready" in line).split()[-1])
    (os.killpg if to_group else os.kill)(process.pid, signum)
    text += process.communicate(timeout=30)[0]
    assert process.returncode == 0
    assert not alive(pid)
    # A launch that shares its process group with the program cannot spare it the second signal.
    assert "interrupted 1" in text or to_group
    assert f"process has finished cleanly [pid {pid}]" in text


def test_output_has_the_name_before_it(start_launch: StartLaunch) -> None:
    process = start_launch(_FILE)
    lines = read_until(process, "ready", "True", "] err", "has died").splitlines()
    process.terminate()
    assert process.communicate(timeout=30)
    heads = [re.sub(r"\d+", "N", line) for line in lines]
    assert heads.count("[loud-N] out") == heads.count("[loud-N] True") == 1
    assert "[quiet-N] err" in heads
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
