"""What the tests of launch share."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity, LaunchService
from launch.actions import OpaqueFunction
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

StartLaunch = Callable[[], "subprocess.Popen[str]"]

LAUNCH_FILE = """
import sys
from launch import LaunchDescription
from launch.actions import ExecuteProcess, LogInfo

TALK = "import sys; print('out'); print('err', file=sys.stderr)"
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
        ExecuteProcess(cmd=[sys.executable, "-S", "-c", TALK], name="loud", output="screen"),
        ExecuteProcess(cmd=[sys.executable, "-S", "-c", STAY], name="stay", output="both"),
        ExecuteProcess(cmd=["false"], name="bad"),
    ])
"""


def launch(*entities: LaunchDescriptionEntity) -> int:
    """Run entities in this process and return the exit code."""
    service = LaunchService()
    service.include_launch_description(LaunchDescription(list(entities)))
    return service.run()


def alive(pid: int) -> bool:
    """Return True while a process runs; one that waits to be reaped does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):  # gone before it was opened, or before it was read
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def read_until(process: "subprocess.Popen[str]", *words: str) -> tuple[list[str], int]:
    """Return what a launch of LAUNCH_FILE has written when all words have come, and the id of its process stay."""
    assert process.stdout is not None
    lines: list[str] = []
    while not all(word in "".join(lines) for word in ("ready", *words)):
        lines.append(process.stdout.readline())
        assert lines[-1], f"the launch ended too early: {lines}"
    return lines, int(next(line for line in lines if "ready" in line).split()[-1])


class Seen(list[str]):
    """The texts that substitutions had when the action came to its turn."""

    def see(self, what: object, **kwargs: object) -> OpaqueFunction:
        def look(context: LaunchContext) -> None:
            self.append(perform_substitutions(context, normalize_to_list_of_substitutions(what)))  # type: ignore[arg-type]

        return OpaqueFunction(function=look, **kwargs)  # type: ignore[arg-type]
