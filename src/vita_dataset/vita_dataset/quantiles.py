"""Quantiles of a stream of vectors, from a few thousand rows at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

ROWS = 4096


class RunningQuantiles:
    """Quantiles of each element of a vector, [n, dim] rows at a time.

    Exact up to ``rows`` rows. From there on the rows that are full are sorted element by element and every second one
    goes on with twice the weight, as in the sketch of Karnin, Lang and Liberty (2016), but with alternating instead
    of random choice: the same data give the same numbers. The rank is off by at most levels / rows of all rows,
    0.2 % for a million steps. Unlike bins, this takes no harm from a single value that is far out.
    """

    def __init__(self, dim: int, rows: int = ROWS) -> None:
        """Make an empty one.

        Args:
            dim: elements of the vector.
            rows: even; how many are held at each level. The levels grow with the logarithm of the stream.
        """
        self._dim = dim
        self._rows = rows
        self._levels: list[NDArray[np.float64]] = []
        self._filled: list[int] = []
        self._odd: list[int] = []

    def update(self, batch: NDArray[Any]) -> None:
        """Add rows [n, dim]."""
        self._push(0, np.asarray(batch, dtype=np.float64))

    def _push(self, level: int, rows: NDArray[np.float64]) -> None:
        if level == len(self._levels):
            self._levels.append(np.empty((self._rows, self._dim)))
            self._filled.append(0)
            self._odd.append(0)
        while len(rows):
            if self._filled[level] == self._rows:
                kept = np.sort(self._levels[level], axis=0)[self._odd[level] :: 2]
                self._odd[level] ^= 1
                self._filled[level] = 0
                self._push(level + 1, kept)
            start = self._filled[level]
            taken = rows[: self._rows - start]
            self._levels[level][start : start + len(taken)] = taken
            self._filled[level] += len(taken)
            rows = rows[len(taken) :]

    def result(self, percent: int) -> NDArray[np.float64]:
        """The smallest values [dim] that at least so many percent of all rows do not exceed.

        Args:
            percent: 1 to 100.

        Raises:
            ValueError: nothing was added.
        """
        if not self._levels:
            raise ValueError("no rows were added")
        parts = [rows[:filled] for rows, filled in zip(self._levels, self._filled, strict=True)]
        values = np.concatenate(parts)
        weights = np.repeat([1 << level for level in range(len(parts))], [len(part) for part in parts])
        order = np.argsort(values, axis=0, kind="stable")
        ranks = np.cumsum(weights[order], axis=0)
        wanted = -(-int(weights.sum()) * percent // 100)
        first = (ranks >= wanted).argmax(axis=0)
        found: NDArray[np.float64] = np.take_along_axis(values, np.take_along_axis(order, first[None], 0), 0)[0]
        return found
