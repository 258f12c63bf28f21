"""What the tests of launch share."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from launch import LaunchDescription, LaunchDescriptionEntity, LaunchService

StartLaunch = Callable[..., "subprocess.Popen[str]"]


def launch(*entities: LaunchDescriptionEntity) -> int:
    """Run entities in this process and return the exit code."""
    service = LaunchService()
    service.include_launch_description(LaunchDescription(list(entities)))
    return service.run()


def alive(pid: int) -> bool:
    """Return True while a process runs; one that waits to be reaped does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
