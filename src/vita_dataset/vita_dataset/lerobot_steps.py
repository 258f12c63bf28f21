"""What every recording must say of its steps: that they are in order, and when each was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError


def check_in_order(numbers: NDArray[np.number[Any]], episode: int, where: str) -> None:
    """Refuse rows out of order.

    Args:
        numbers: [n], the frame_index of an episode's rows.
        episode: its number, for the message.
        where: the file, for the message.

    Raises:
        DataError: they are not 0, 1, 2, ...
    """
    wrong = np.flatnonzero(numbers != np.arange(len(numbers)))
    if len(wrong):
        step = int(wrong[0])
        raise DataError(
            f"the frame_index of episode {episode} in '{where}' is {numbers[step]:g} at step {step}, but must count "
            "from 0 in steps of 1: rows are missing or out of order; mend or drop this episode"
        )


def times_from_start(
    stamps: NDArray[np.float64] | None, steps: int, fps: float, episode: int, where: str, note: Callable[[str], None]
) -> NDArray[np.float64]:
    """When each step was, from the episode's start.

    Args:
        stamps: [n] as recorded [s]; None: nothing was recorded.
        steps: n.
        fps: steps a second [Hz].
        episode: its number, for the message.
        where: the file, for the message.
        note: takes a sentence where the times had to be made or moved.

    Returns:
        float64 [n], seconds from the first step.

    Raises:
        DataError: time stands still, runs backwards, or is not finite.
    """
    if stamps is None:
        note("the tables have no timestamps; steps are taken to be 1/fps apart")
        return np.arange(steps, dtype=np.float64) / fps
    bad = np.flatnonzero(~np.isfinite(stamps))
    back = np.flatnonzero(np.diff(stamps) <= 0)
    if len(bad) or len(back):
        step = int(bad[0] if len(bad) else back[0] + 1)
        raise DataError(
            f"the timestamp of episode {episode} in '{where}' is {stamps[step]} at step {step}, but must be finite "
            "and later than the one before; mend or drop this episode"
        )
    if abs(stamps[0]) * fps > 0.5:
        note("timestamps do not start at 0; they were counted from each episode's first")
    from_start: NDArray[np.float64] = stamps - stamps[0]
    return from_start
