"""One recorded episode in memory-light form: vectors whole, frames as a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class EpisodeTable:
    """The vectors of one episode of n steps.

    Attributes:
        index: the episode's number in its dataset.
        timestamps_s: float64 [n], seconds from the episode's start.
        state: float32 [n, S], robot units.
        action: float32 [n, A], robot units.
        task: what the robot was asked to do.
    """

    index: int
    timestamps_s: NDArray[np.float64]
    state: NDArray[np.float32]
    action: NDArray[np.float32]
    task: str = ""

    def __len__(self) -> int:
        return len(self.timestamps_s)


class FrameSource(Protocol):
    """Gives the frames of one camera in one episode, in order."""

    def __call__(self) -> Iterator[NDArray[np.uint8]]:
        """Yield uint8 [H, W, 3] RGB, one for each step."""
        ...


@dataclass(frozen=True, eq=False)
class Episode:
    """A table and, for each camera key, its frames."""

    table: EpisodeTable
    frames: Mapping[str, FrameSource]
