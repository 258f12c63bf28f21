"""Mean, standard deviation, bounds and quantiles of each feature, computed in one streaming pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_dataset.quantiles import RunningQuantiles

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FeatureStats:
    """Statistics of one feature, element by element.

    Vectors: float64 [dim] in the feature's units. Images: float64 [3, 1, 1] of pixels scaled to [0, 1].
    ``std`` is the population standard deviation; ``count`` the number of steps. ``q01`` and ``q99`` are the values
    that 1 % and 99 % of all steps (of all pixels) do not exceed; None in files of an earlier version.
    """

    mean: Array
    std: Array
    min: Array
    max: Array
    count: int
    q01: Array | None = None
    q99: Array | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: nested lists. Unknown quantiles are left out."""
        document: dict[str, Any] = {
            "mean": self.mean.tolist(),
            "std": self.std.tolist(),
            "min": self.min.tolist(),
            "max": self.max.tolist(),
            "count": self.count,
        }
        for name, values in (("q01", self.q01), ("q99", self.q99)):
            if values is not None:
                document[name] = values.tolist()
        return document

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FeatureStats:
        """The inverse of ``to_dict``.

        Raises:
            DataError: a field is missing or not numeric.
        """
        try:
            names = ["mean", "std", "min", "max", *(name for name in ("q01", "q99") if name in data)]
            arrays = {name: np.asarray(data[name], dtype=np.float64) for name in names}
            return cls(count=int(np.asarray(data["count"]).reshape(-1)[0]), **arrays)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise DataError(
                f"statistics need mean, std, min, max and count ({error!r}); convert the dataset again"
            ) from error


Stats = dict[str, FeatureStats]


class RunningStats:
    """Accumulates batches of one vector feature, [n, dim] each, without keeping them (Chan et al. 1979)."""

    def __init__(self, dim: int) -> None:
        self._count = 0
        self._mean: Array = np.zeros(dim)
        self._m2: Array = np.zeros(dim)
        self._min: Array = np.full(dim, np.inf)
        self._max: Array = np.full(dim, -np.inf)
        self._quantiles = RunningQuantiles(dim)

    def update(self, batch: NDArray[Any]) -> None:
        """Add rows [n, dim]."""
        if len(batch) == 0:
            return
        rows = np.asarray(batch, dtype=np.float64)
        self._merge(len(rows), rows.mean(axis=0), ((rows - rows.mean(axis=0)) ** 2).sum(axis=0))
        self._min = np.minimum(self._min, rows.min(axis=0))
        self._max = np.maximum(self._max, rows.max(axis=0))
        self._quantiles.update(rows)

    def _merge(self, count: int, mean: Array, m2: Array) -> None:
        total = self._count + count
        delta = mean - self._mean
        self._m2 = self._m2 + m2 + delta**2 * (self._count * count / total)
        self._mean = self._mean + delta * (count / total)
        self._count = total

    def result(self) -> FeatureStats:
        """The statistics so far.

        Raises:
            DataError: nothing was added.
        """
        if self._count == 0:
            raise DataError("statistics of no data were asked for; the dataset needs at least one step")
        std = np.sqrt(self._m2 / self._count)
        low, high = self._quantiles.result(1), self._quantiles.result(99)
        return FeatureStats(self._mean.copy(), std, self._min.copy(), self._max.copy(), self._count, low, high)


def stats_to_dict(stats: Mapping[str, FeatureStats]) -> dict[str, Any]:
    """All features as plain JSON types."""
    return {key: value.to_dict() for key, value in stats.items()}


def stats_from_dict(data: Mapping[str, Any]) -> Stats:
    """The inverse of ``stats_to_dict``."""
    return {key: FeatureStats.from_dict(value) for key, value in data.items()}
