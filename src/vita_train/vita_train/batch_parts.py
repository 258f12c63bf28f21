"""How the batch of one step is cut into parts: one after the other in a process, side by side in several."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vita_train.sample_order import SampleOrder


@dataclass(frozen=True)
class BatchParts:
    """The parts of a step's batch that one process computes.

    What a part holds and draws at random depends on its number in the step alone. So two processes learn what one
    learns in two turns, to rounding.

    Attributes:
        size: samples in a part.
        turns: parts that a process computes, one after the other, before the weights change.
        processes: how many share the step.
        rank: which of them this is, from 0.
    """

    size: int
    turns: int = 1
    processes: int = 1
    rank: int = 0

    @property
    def batch_size(self) -> int:
        """Samples behind one change of the weights."""
        return self.size * self.turns * self.processes

    @property
    def in_words(self) -> str:
        """That number, and how it comes about."""
        factors = [f"{self.processes} processes"] * (self.processes > 1) + [f"{self.turns} turns"] * (self.turns > 1)
        made_of = f" ({' x '.join([str(self.size), *factors])})" if factors else ""
        return f"{self.batch_size} samples{made_of}"

    def number(self, turn: int) -> int:
        """Which part of the step this process computes in a turn."""
        return turn * self.processes + self.rank


@dataclass(frozen=True)
class PartOrder:
    """The windows of this process's parts: item k is turn ``k % turns`` of step ``k // turns``.

    ``order`` gives the whole batch of each step, ``parts.batch_size`` windows.
    """

    order: SampleOrder
    parts: BatchParts

    def batch(self, number: int) -> NDArray[np.int64]:
        """The windows of one part, int64 [parts.size]."""
        step, turn = divmod(number, self.parts.turns)
        first = self.parts.number(turn) * self.parts.size
        return self.order.batch(step)[first : first + self.parts.size]
