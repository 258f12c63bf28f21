"""Judges what was seen of a camera in an episode: black stretches, and pictures that stand while the robot moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vita_dataset.picture_watch import Watched

FROZEN_S = 1.0
FROZEN_STEPS = 5
MOVED_SHARE = 0.1
"""A joint has moved if it went through a tenth of its range in the whole dataset."""
MOVED_LEAST = 0.02
"""[robot units] Ranges below this are noise."""


@dataclass(frozen=True)
class Stretch:
    """Steps of one episode, ``first`` to ``last``, both included."""

    episode: int
    first: int
    last: int

    def to_dict(self) -> dict[str, int]:
        """Plain JSON types."""
        return {"episode": self.episode, "from": self.first, "to": self.last}

    def __str__(self) -> str:
        return f"step {self.first}" if self.first == self.last else f"steps {self.first} to {self.last}"


@dataclass(frozen=True, eq=False)
class StillStretch:
    """A picture that stayed the same, and how far each element of the state went meanwhile, float64 [S]."""

    stretch: Stretch
    moved: NDArray[np.float64]

    def is_frozen(self, ranges: NDArray[np.float64]) -> bool:
        """Whether the robot moved while the picture did not.

        Args:
            ranges: float64 [S], the range of each element in the whole dataset.
        """
        return bool(((self.moved > MOVED_SHARE * ranges) & (ranges > MOVED_LEAST)).any())


def black_stretches(episode: int, watched: Watched) -> list[Stretch]:
    """Where the pictures of an episode are black."""
    return [Stretch(episode, first, last) for first, last in watched.black]


def still_stretches(episode: int, watched: Watched, state: NDArray[np.float32], fps: float) -> list[StillStretch]:
    """Where the picture stayed the same for a second or longer, black ones excepted.

    Args:
        episode: its number.
        watched: its pictures, all of them.
        state: float32 [n, S], the state at each of them.
        fps: pictures per second [Hz].
    """
    least = max(FROZEN_STEPS, round(FROZEN_S * fps))
    found = []
    for first, last in watched.still:
        dark = any(begin <= first and last <= end for begin, end in watched.black)
        if last - first + 1 >= least and not dark:
            rows = state[first : last + 1].astype(np.float64)
            moved = np.fmax.reduce(rows) - np.fmin.reduce(rows)
            found.append(StillStretch(Stretch(episode, first, last), moved))
    return found
