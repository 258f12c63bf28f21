"""Events of processes, and the request to end them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import Event

if TYPE_CHECKING:
    from ..launch_description import Action


@dataclass(frozen=True, kw_only=True)
class RunningProcessEvent(Event):
    """Something happened to a process."""

    action: Action
    process_name: str
    cmd: list[str]
    cwd: str | None
    env: dict[str, str]
    pid: int


class ProcessStarted(RunningProcessEvent):
    """A process was started."""


@dataclass(frozen=True, kw_only=True)
class ProcessExited(RunningProcessEvent):
    """A process ended; ``returncode`` is minus the number of the signal that ended it, if one did."""

    returncode: int


@dataclass(frozen=True, kw_only=True)
class ShutdownProcess(Event):
    """A request to end the processes whose action the matcher accepts: SIGINT, then SIGTERM, then SIGKILL."""

    process_matcher: Callable[[Action], bool]
