"""Percentiles of very many durations in little memory."""

from __future__ import annotations

import math
from collections import Counter

RESOLUTION = 0.002
"""Relative width of a class: a percentile is wrong by half of it at most."""

SHORTEST_NS, LONGEST_NS = 1_000, 1_000_000_000_000
"""What is shorter or longer is counted as this, so that there are some ten thousand classes at most."""


class DurationHistogram:
    """Counts durations in classes that grow with them; the largest is kept as it is."""

    def __init__(self) -> None:
        """Begins empty."""
        self.count = 0
        self.largest_ns = 0
        self._classes: Counter[int] = Counter()

    def add(self, duration_ns: int) -> None:
        """Count one; less than 0 counts as 0."""
        self.count += 1
        self.largest_ns = max(self.largest_ns, duration_ns)
        held = min(max(duration_ns, SHORTEST_NS), LONGEST_NS)
        self._classes[round(math.log(held) / RESOLUTION)] += 1

    def percentile_ns(self, percent: float) -> int:
        """By nearest rank, ``percent`` above 0 to 100; 0 while empty."""
        rank, seen = math.ceil(percent / 100 * self.count), 0
        for index in sorted(self._classes):
            seen += self._classes[index]
            if seen >= rank:
                return min(round(math.exp(index * RESOLUTION)), self.largest_ns)
        return 0

    def words(self, *percents: float) -> str:
        """These percentiles and the largest: "p50 33.3, p95 34.0, max 41.2 ms"."""
        if not self.count:
            return "none"
        told = [f"p{percent:g} {self.percentile_ns(percent) / 1e6:.1f}" for percent in percents]
        return ", ".join([*told, f"max {self.largest_ns / 1e6:.1f} ms"])
