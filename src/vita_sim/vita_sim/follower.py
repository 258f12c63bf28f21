"""From commands at the policy's rate to set-points at the physics' rate, as a joint trajectory controller does it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


class Follower:
    """Moves its set-point in straight lines through the points of the newest command, to be at each when it says.

    A new command begins where the set-point is; after its last point the set-point stays there.
    """

    def __init__(self, start: Vector) -> None:
        self._points = [start.copy()]
        self._times_ns = [0]

    def command(self, target: Vector, now_ns: int, duration_ns: int) -> None:
        """Be at ``target`` [A] at ``now_ns + duration_ns``."""
        self.follow([target], [now_ns + max(0, duration_ns)], now_ns)

    def follow(self, points: Sequence[Vector], times_ns: Sequence[int], now_ns: int) -> None:
        """Be at each of ``points`` [A] at its time; the times rise, and none is before ``now_ns``."""
        self._points = [self.at(now_ns), *(point.copy() for point in points)]
        self._times_ns = [now_ns, *times_ns]

    def at(self, now_ns: int) -> Vector:
        """The set-point [A] at a time not before the newest command."""
        if now_ns >= self._times_ns[-1]:
            return self._points[-1].copy()
        heading_for = max(1, bisect_right(self._times_ns, now_ns))
        begin_ns, end_ns = self._times_ns[heading_for - 1 : heading_for + 1]
        begin, end = self._points[heading_for - 1 : heading_for + 1]
        share = max(0.0, (now_ns - begin_ns) / (end_ns - begin_ns))
        return begin + share * (end - begin)
