"""How long predictions take, from the newest of them."""

from __future__ import annotations

from collections import deque


class LatencyWindow:
    """The p95 of the last 20 times from the request of a chunk to its arrival.

    That is the second largest of 20: one that was slow by accident does not make the next ones early, and a model
    that is slow once in ten times is waited for each time, while a maximum over fewer would have forgotten it. As long
    as there are fewer than 20, it is the largest.
    """

    _MEMORY = 20

    def __init__(self) -> None:
        self._times_ns: deque[int] = deque(maxlen=self._MEMORY)

    def add(self, took_ns: int) -> None:
        """Remember one, 0 or more."""
        self._times_ns.append(max(0, took_ns))

    @property
    def p95_ns(self) -> int:
        """By nearest rank; 0 before the first."""
        if not self._times_ns:
            return 0
        rank = -(-95 * len(self._times_ns) // 100)
        return sorted(self._times_ns)[rank - 1]
