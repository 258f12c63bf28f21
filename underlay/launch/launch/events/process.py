"""Events of processes, and requests to them."""

from __future__ import annotations

import signal as signals
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._coverage import refuse_attributes
from ..event import Event

if TYPE_CHECKING:
    from ..action import Action


class RunningProcessEvent(Event):
    """Something happened to a process."""

    def __init__(
        self, *, action: Action, name: str, cmd: list[str], cwd: str | None, env: dict[str, str] | None, pid: int
    ) -> None:
        self.action = action
        self.process_name = name
        self.cmd = cmd
        self.cwd = cwd
        self.env = env
        self.pid = pid

    @property
    def execute_process_action(self) -> Action:
        """The action that started the process."""
        return self.action


class ProcessStarted(RunningProcessEvent):
    """A process was started."""


class ProcessExited(RunningProcessEvent):
    """A process ended; ``returncode`` is minus the number of the signal that ended it, if one did."""

    def __init__(self, *, returncode: int, **process: Any) -> None:
        super().__init__(**process)
        self.returncode = returncode


class ProcessTargetedEvent(Event):
    """A request to the processes whose action ``process_matcher`` accepts."""

    def __init__(self, *, process_matcher: Callable[[Action], bool]) -> None:
        self.process_matcher = process_matcher


class ShutdownProcess(ProcessTargetedEvent):
    """End processes: SIGINT, then SIGTERM, then SIGKILL."""


class SignalProcess(ProcessTargetedEvent):
    """Send processes a signal, by number or by name."""

    def __init__(self, *, signal_number: str | signals.Signals, process_matcher: Callable[[Action], bool]) -> None:
        super().__init__(process_matcher=process_matcher)
        self.signal = signals.Signals[signal_number] if isinstance(signal_number, str) else signal_number


__getattr__ = refuse_attributes(__name__)
