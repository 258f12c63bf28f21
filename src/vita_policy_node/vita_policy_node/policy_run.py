"""One run of the policy for ~/run_policy: when it ends, and why."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum


class Termination(IntEnum):
    """Why a run ended; the constants of vita_msgs/RunPolicy."""

    DURATION_REACHED = 0
    CANCELLED = 1
    STOPPED_BY_SAFETY = 2
    STOPPED_BY_OPERATOR = 3
    FAILED = 4


@dataclass(frozen=True)
class RunEnd:
    """Why, in words, how long the run was [ns], and how many commands it published."""

    termination: Termination
    message: str
    duration_ns: int
    commands: int


class PolicyRun:
    """Knows the first reason for its end; later ones change nothing."""

    def __init__(self, max_duration_s: float, now_ns: int) -> None:
        """Begin now; 0 s means without limit."""
        self._begun_ns = now_ns
        self._max_duration_ns = round(max_duration_s * 1e9)
        self.over: RunEnd | None = None

    @staticmethod
    def refusal(max_duration_s: float) -> str:
        """Why there is no run of this length; empty if there may be one."""
        if 0 <= max_duration_s < math.inf:
            return ""
        return f"max_duration_s must be 0 or more, 0 for without limit, but is {max_duration_s:g}"

    def elapsed_ns(self, now_ns: int) -> int:
        """Time since the begin, 0 or more: the clock may have been set back."""
        return max(0, now_ns - self._begun_ns)

    def is_due(self, now_ns: int) -> bool:
        """Whether it has lasted as long as it may and is not over yet."""
        if self.over is not None or not self._max_duration_ns:
            return False
        return self.elapsed_ns(now_ns) >= self._max_duration_ns

    def end(self, termination: Termination, message: str, now_ns: int, commands: int = 0) -> None:
        """It is over, unless it was before."""
        if self.over is None:
            self.over = RunEnd(termination, message, self.elapsed_ns(now_ns), commands)
