"""How far a long job is: one line that renews itself on a terminal, a line every few seconds in a log."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

Progress = Callable[[int, int], None]
"""Called with (done, total)."""

_TERMINAL_PERIOD_S = 0.1
_LOG_PERIOD_S = 5.0
_BAR_WIDTH = 30


def no_progress(done: int, total: int) -> None:
    """Show nothing."""


class ProgressLine:
    """Writes done, rate and time left to a stream. Ends its line when done equals total."""

    def __init__(self, stream: TextIO, unit: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._unit = unit
        self._clock = clock
        self._terminal = stream.isatty()
        self._period_s = _TERMINAL_PERIOD_S if self._terminal else _LOG_PERIOD_S
        self._start_s = self._shown_s = clock()
        self._first: tuple[int, float] | None = None

    def __call__(self, done: int, total: int) -> None:
        """Show the state, at most every period and always at the end."""
        now_s = self._clock()
        self._first = self._first or (done, now_s)  # work that is resumed was done in part before
        if done < total and now_s - self._shown_s < self._period_s:
            return
        self._shown_s = now_s
        line = self._line(done, total, now_s)
        if self._terminal:
            self._stream.write(f"\r{line}\x1b[K" + ("\n" if done >= total else ""))
        else:
            self._stream.write(f"{line}\n")
        self._stream.flush()

    def _line(self, done: int, total: int, now_s: float) -> str:
        elapsed_s = now_s - self._start_s
        before, since_s = self._first if self._first and done > self._first[0] else (0, self._start_s)
        rate = (done - before) / (now_s - since_s) if now_s > since_s else 0.0
        left = f"{clock_time((total - done) / rate)} left" if rate > 0 and done < total else clock_time(elapsed_s)
        share = done / total if total else 1.0
        bar = "#" * round(share * _BAR_WIDTH)
        drawing = f"[{bar:<{_BAR_WIDTH}}] " if self._terminal else ""
        return f"{drawing}{share:4.0%}  {done}/{total} {self._unit}  {rate:.0f} {self._unit}/s  {left}"


def clock_time(seconds: float) -> str:
    """75 -> "1:15", 3700 -> "1:01:40"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
