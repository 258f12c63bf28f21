"""Notices black pictures and cameras that stand still, in parts of an episode that are looked at one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

BLACK_MEAN = 5.0
"""[levels of 255] A lens cap leaves a sensor's noise, a dark room leaves more."""
SAME_LEVELS = 8
"""[levels of 255] A standing picture still flickers by so much behind a video codec."""
ROW_STEP = 4
"""Every fourth row tells as much as all of them, in a quarter of the time."""

Rows = NDArray[np.uint8]
"""uint8 [H / 4, W, 3]: what is compared of a picture."""
NO_ROWS: Rows = np.empty((0, 0, 3), np.uint8)
Run = tuple[int, int]
"""Steps of an episode, first and last, both included."""


@dataclass(frozen=True, eq=False)
class Watched:
    """What the pictures of one camera are like in steps ``first`` to ``last`` of an episode.

    Attributes:
        first: the first step.
        last: the last step.
        black: runs of black pictures.
        still: runs of at least two steps in which the picture stayed the same, and those that touch either end.
        head: of the first picture.
        tail: of the picture that began the last run in ``still``.
    """

    first: int
    last: int
    black: tuple[Run, ...]
    still: tuple[Run, ...]
    head: Rows
    tail: Rows

    def without_pictures(self) -> Watched:
        """The same, to be kept of a whole episode: only parts are ``joined``, and pictures take room."""
        return replace(self, head=NO_ROWS, tail=NO_ROWS)


class PictureWatch:
    """Looks at the pictures of one camera in consecutive steps of one episode."""

    def __init__(self, first: int = 0) -> None:
        """Start at step ``first``."""
        self._first = self._next = self._began = first
        self._black: list[Run] = []
        self._still: list[Run] = []
        self._head: Rows | None = None
        self._anchor: Rows | None = None

    def add(self, image: NDArray[np.uint8]) -> None:
        """Look at the next picture, uint8 [H, W, 3]."""
        step = self._next
        rows = image[::ROW_STEP]
        few = rows[::ROW_STEP]
        if cv2.norm(few, cv2.NORM_L1) < BLACK_MEAN * few.size:
            grows = bool(self._black) and self._black[-1][1] == step - 1
            self._black.append((self._black.pop()[0] if grows else step, step))
        # Against the first picture of the run, not the one before: slow changes add up and are seen.
        if self._anchor is None:
            self._head = self._anchor = rows.copy()
        elif not alike(rows, self._anchor):
            self._end_run(step)
            self._anchor = rows.copy()
        self._next += 1

    def result(self) -> Watched:
        """What was seen.

        Raises:
            ValueError: no picture was added.
        """
        if self._head is None or self._anchor is None:
            raise ValueError("no picture was looked at")
        still = (*self._still, (self._began, self._next - 1))
        return Watched(self._first, self._next - 1, tuple(self._black), still, self._head, self._anchor)

    def _end_run(self, step: int) -> None:
        if step - self._began > 1 or self._began == self._first:
            self._still.append((self._began, step - 1))
        self._began = step


def alike(rows: Rows, anchor: Rows) -> bool:
    """Whether two pictures of one camera show the same, but for what a codec adds."""
    return bool(cv2.norm(rows, anchor, cv2.NORM_INF) <= SAME_LEVELS)


def joined(parts: Sequence[Watched]) -> Watched:
    """One finding for parts of an episode that follow each other.

    A run goes on across the border where the first picture after it is like the one that began the run.
    """
    whole = parts[0]
    for part in parts[1:]:
        black, still, tail = [*whole.black], [*whole.still], part.tail
        if black and part.black and black[-1][1] + 1 == part.black[0][0]:
            black[-1] = (black[-1][0], part.black[0][1])
            black += part.black[1:]
        else:
            black += part.black
        if alike(part.head, whole.tail):
            still[-1] = (still[-1][0], part.still[0][1])
            still += part.still[1:]
            if part.still[0] == (part.first, part.last):
                tail = whole.tail
        else:
            still += part.still
        whole = Watched(whole.first, part.last, tuple(black), tuple(still), whole.head, tail)
    return whole
