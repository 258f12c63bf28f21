"""The order in which training visits its windows: a function of the seed and the batch's number, with no state.

Batch k is the k-th slice of an endless row of shuffled passes over all windows. Every window is seen once a pass,
a resumed run goes on with exactly the windows that come next, and the number of loader workers changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class SampleOrder:
    """A seeded order of ``windows`` windows in batches of ``batch_size``."""

    windows: int
    batch_size: int
    seed: int

    def batch(self, number: int) -> NDArray[np.int64]:
        """The windows of one batch, int64 [batch_size].

        A batch may end one pass and begin the next; with fewer windows than ``batch_size`` it spans several.
        """
        first = number * self.batch_size
        parts, taken = [], 0
        while taken < self.batch_size:
            epoch, offset = divmod(first + taken, self.windows)
            part = _shuffled(self.seed, epoch, self.windows)[offset : offset + self.batch_size - taken]
            parts.append(part)
            taken += len(part)
        return np.concatenate(parts)


@dataclass(frozen=True)
class InOrder:
    """Each of ``windows`` windows once, as they come, in batches of ``batch_size`` or fewer at the end."""

    windows: int
    batch_size: int

    def __len__(self) -> int:
        """How many batches there are."""
        return -(-self.windows // self.batch_size)

    def batch(self, number: int) -> NDArray[np.int64]:
        """The windows of one batch, int64 [batch_size or fewer]."""
        first = number * self.batch_size
        return np.arange(first, min(first + self.batch_size, self.windows), dtype=np.int64)


@lru_cache(maxsize=2)
def _shuffled(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    # Two passes are enough: a batch touches the end of one and the beginning of the next.
    return np.random.default_rng((seed, epoch)).permutation(count)
