"""Notices black pictures and cameras that stand still, while their frames pass by on the way to somewhere else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

BLACK_MEAN = 5.0
"""[levels of 255] A lens cap leaves a sensor's noise, a dark room leaves more."""
SAME_LEVELS = 8
"""[levels of 255] A standing picture still flickers by so much behind a video codec."""
ROW_STEP = 4
"""Every fourth row tells as much as all of them, in a quarter of the time."""
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


class CameraWatch:
    """Passes the frames of one camera in one episode through.

    Attributes:
        black: stretches of black pictures so far.
        still: stretches in which the picture stayed the same for half a second or longer, black ones excepted.
    """

    def __init__(
        self, episode: int, frames: Iterable[NDArray[np.uint8]], state: NDArray[np.float32], fps: float
    ) -> None:
        """Watch one camera.

        Args:
            episode: its number.
            frames: uint8 [H, W, 3] each.
            state: float32 [n, S], the state at each of them.
            fps: frames per second [Hz].
        """
        self.black: list[Stretch] = []
        self.still: list[StillStretch] = []
        self._episode = episode
        self._frames = frames
        self._state = state
        self._least = max(FROZEN_STEPS, round(FROZEN_S * fps))

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        first_black: int | None = None
        first_same, step = 0, -1
        anchor: NDArray[np.uint8] | None = None
        for step, frame in enumerate(self._frames):
            rows = frame[::ROW_STEP]
            few = rows[::ROW_STEP]
            black = cv2.norm(few, cv2.NORM_L1) < BLACK_MEAN * few.size
            if black and first_black is None:
                first_black = step
            elif not black and first_black is not None:
                self._end_black(first_black, step - 1)
                first_black = None
            # Against the first picture of the stretch, not the one before: slow changes add up and are seen.
            if anchor is None or cv2.norm(rows, anchor, cv2.NORM_INF) > SAME_LEVELS:
                self._end_still(first_same, step - 1)
                first_same, anchor = step, rows.copy()
            yield frame
        if first_black is not None:
            self._end_black(first_black, step)
        self._end_still(first_same, step)

    def _end_black(self, first: int, last: int) -> None:
        self.black.append(Stretch(self._episode, first, last))

    def _end_still(self, first: int, last: int) -> None:
        stretch = Stretch(self._episode, first, last)
        dark = any(black.first <= first and last <= black.last for black in self.black)
        if last - first + 1 >= self._least and not dark:
            state = self._state[first : last + 1].astype(np.float64)
            self.still.append(StillStretch(stretch, np.fmax.reduce(state) - np.fmin.reduce(state)))
