"""How simulated time follows the wall clock, and what happens at which simulated time. Owns no clock."""

from __future__ import annotations

from collections.abc import Mapping

LONGEST_STRIDE_NS = 40_000_000
"""Most wall time that one call of ``Pacer.due`` makes up for, so that whoever waits for the simulation gets a turn."""

WINDOW_NS = 5_000_000_000
"""The pace is judged over so much wall time."""

SLOW = 0.95
"""A pace below this share of the wanted one is worth a word."""


class Pacer:
    """Simulated time that goes ``factor`` times as fast as the wall clock, or slower where the machine is.

    Time that was lost is not made up for: a burst of old pictures and commands is nothing that a robot ever does.

    Args:
        factor: simulated seconds for each second, above 0.
        wall_ns: the wall clock now, a steady one.
        simulated_ns: simulated time now.
    """

    def __init__(self, factor: float, wall_ns: int, simulated_ns: int = 0) -> None:
        self.factor = factor
        self._wall_ns = wall_ns
        self._simulated_ns = simulated_ns
        self._window = (wall_ns, simulated_ns)
        self._was_slow = False

    def due(self, wall_ns: int) -> int:
        """Simulated time that shall be reached now; it never goes back."""
        passed_ns = min(max(0, wall_ns - self._wall_ns), LONGEST_STRIDE_NS)
        self._simulated_ns += round(passed_ns * self.factor)
        self._wall_ns = max(wall_ns, self._wall_ns)
        return self._simulated_ns

    def fell_behind(self, wall_ns: int) -> float | None:
        """The factor that was reached, once when the machine becomes too slow for the wanted one; else None."""
        begin_wall_ns, begin_ns = self._window
        if wall_ns - begin_wall_ns < WINDOW_NS:
            return None
        reached = (self._simulated_ns - begin_ns) / (wall_ns - begin_wall_ns)
        self._window = (wall_ns, self._simulated_ns)
        was_slow, self._was_slow = self._was_slow, reached < SLOW * self.factor
        return reached if self._was_slow and not was_slow else None


class Schedule:
    """Periodic events in simulated time, each at whole multiples of its period.

    Args:
        rates_hz: of each event, above 0. Of events at the same time the one named first comes first.
        after_ns: no event is at or before this time.
    """

    def __init__(self, rates_hz: Mapping[str, float], after_ns: int = 0) -> None:
        self._rates_hz = dict(rates_hz)
        self._counts = {name: int(after_ns * rate / 1e9) for name, rate in rates_hz.items()}
        for name in self._counts:
            while self._time_ns(name) <= after_ns:
                self._counts[name] += 1

    def next(self, until_ns: int) -> tuple[int, str] | None:
        """The next event as (time, name), each one once; None if there is none up to ``until_ns``."""
        time_ns, name = min(((self._time_ns(name), name) for name in self._counts), key=lambda event: event[0])
        if time_ns > until_ns:
            return None
        self._counts[name] += 1
        return time_ns, name

    def _time_ns(self, name: str) -> int:
        return round(self._counts[name] * 1e9 / self._rates_hz[name])
