"""One recorded episode in memory-light form: vectors whole, frames as a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError


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

    def __call__(self, first: int = 0, stop: int | None = None) -> Iterator[NDArray[np.uint8]]:
        """Yield uint8 [H, W, 3] RGB, one for each of the steps ``first`` to before ``stop`` (None: to the end).

        Frames are the same whichever range they are asked for in.

        Raises:
            DataError: at the first frame or later: they cannot be read, or there are more or fewer than steps.
            IndexError: the episode does not have these steps.
        """
        ...


@dataclass(frozen=True, eq=False)
class Episode:
    """A table and, for each camera key, its frames."""

    table: EpisodeTable
    frames: Mapping[str, FrameSource]


def step_range(first: int, stop: int | None, steps: int) -> range:
    """The steps that a ``FrameSource`` was asked for.

    Args:
        first: the first step.
        stop: one past the last step; None: to the end.
        steps: how many the episode has.

    Raises:
        IndexError: the episode does not have these steps.
    """
    wanted = range(first, steps if stop is None else stop)
    if not 0 <= wanted.start <= wanted.stop <= steps:
        raise IndexError(f"steps {wanted.start} to before {wanted.stop} were asked of an episode with {steps}")
    return wanted


def check_finite(table: EpisodeTable, names: Mapping[str, Sequence[str]], where: str) -> None:
    """Refuse NaN and infinity.

    Args:
        table: the episode.
        names: the names of the elements of "state" and "action".
        where: the dataset, for the message.

    Raises:
        DataError: names the episode, the step and the element of the first bad number.
    """
    for kind, values in (("state", table.state), ("action", table.action)):
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            step, element = bad[0].tolist()
            raise DataError(
                f"the {kind} of episode {table.index} in '{where}' is {values[step, element]} at step {step}, element "
                f"'{names[kind][element]}', but must be finite ({len(bad)} such numbers); "
                "mend or drop this episode"
            )
