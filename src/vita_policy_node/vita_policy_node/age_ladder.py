"""What becomes of a run as a stream's newest message ages: warn, predict nothing new, hold, stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vita_policy_node.streams import StreamLimit


@dataclass(frozen=True)
class AgeVerdict:
    """What the ages say: warnings to count, whether to start no prediction, and why to stop (empty = go on)."""

    warnings: tuple[str, ...] = ()
    skip: bool = False
    stop: str = ""


class AgeLadder:
    """Rungs as shares of each stream's timeout, at which the node holds; 0 leaves a rung out.

    A stream that has sent nothing usable is held for, however long: it may be about to begin.
    """

    def __init__(self, limits: tuple[StreamLimit, ...], warn: float, skip: float, stop: float) -> None:
        self._limits = limits
        self._warn = warn
        self._skip = skip
        self._stop = stop

    def judge(self, ages_ns: Sequence[int | None]) -> AgeVerdict:
        """Judge the ages of the newest messages, one for each stream, None where there is none."""
        warned, stopped = self._over(self._warn, ages_ns), self._over(self._stop, ages_ns)
        return AgeVerdict(
            tuple(f"age: {limit.name} older than {_seconds(limit, self._warn)}" for limit in warned),
            bool(self._over(self._skip, ages_ns)),
            "; ".join(f"{limit.name} has been silent for {_seconds(limit, self._stop)}" for limit in stopped),
        )

    def _over(self, rung: float, ages_ns: Sequence[int | None]) -> list[StreamLimit]:
        if not rung:
            return []
        both = zip(self._limits, ages_ns, strict=True)
        return [limit for limit, age_ns in both if age_ns is not None and abs(age_ns) > rung * limit.timeout_ns]


def _seconds(limit: StreamLimit, rung: float) -> str:
    return f"{rung * limit.timeout_ns / 1e9:g} s"
