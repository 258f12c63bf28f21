"""How a motion looks beside its errors: correlation, jumps from chunk to chunk, and jerk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

LONGEST_STEP = 1.5
"""Two values further apart than so many periods do not follow one another: there is a gap between them."""


@dataclass(frozen=True, eq=False)
class SeamSteps:
    """The steps of a command from tick to tick, |c(t) - c(t-1)|, each float64 [A] in the joint's unit.

    A seam is a step between two ticks whose actions come from different chunks. What is missing is NaN.

    Attributes:
        seams: how many steps are seams.
        at_seams: mean step at the seams.
        largest: the largest step at a seam.
        within: mean step within chunks.
    """

    seams: int
    at_seams: Vector
    largest: Vector
    within: Vector

    @classmethod
    def of(cls, stamps: Sequence[int], commands: Matrix, chunks: Sequence[int], period_ns: int) -> SeamSteps:
        """Measure.

        Args:
            stamps: ascending times of the commands [ns].
            commands: [n, A].
            chunks: which chunk each command comes from.
            period_ns: time between two ticks.
        """
        follows = np.diff(np.asarray(stamps, dtype=np.int64)) <= LONGEST_STEP * period_ns
        seam = np.diff(np.asarray(chunks, dtype=np.int64)) != 0
        steps = np.abs(np.diff(commands, axis=0))
        nothing = np.full(commands.shape[1], np.nan)
        at_seams, within = steps[follows & seam], steps[follows & ~seam]
        return cls(
            seams=len(at_seams),
            at_seams=at_seams.mean(axis=0) if len(at_seams) else nothing,
            largest=at_seams.max(axis=0) if len(at_seams) else nothing,
            within=within.mean(axis=0) if len(within) else nothing,
        )


def rms_jerk(stamps: Sequence[int], values: Matrix, period_ns: int) -> Vector:
    """Root mean square of the third derivative in time.

    Of each four values in a row the derivative is 6 times their divided difference of third order, which is exact for
    a cubic, whatever the times between them. Values on either side of a gap are not combined.

    Args:
        stamps: ascending times of the values [ns].
        values: [n, A].
        period_ns: the usual time between two values.

    Returns:
        float64 [A] in the joint's unit per second cubed; NaN where no four values follow one another.
    """
    times = (np.asarray(stamps, dtype=np.int64) - (stamps[0] if len(stamps) else 0)) / 1e9
    differences = values
    for order in (1, 2, 3):
        if len(differences) < 2:
            return np.full(values.shape[1], np.nan)
        differences = np.diff(differences, axis=0) / (times[order:] - times[:-order])[:, np.newaxis]
    follows = np.diff(times) <= LONGEST_STEP * period_ns / 1e9
    whole = follows[:-2] & follows[1:-1] & follows[2:]
    if not whole.any():
        return np.full(values.shape[1], np.nan)
    return np.asarray(np.sqrt(np.mean((6.0 * differences[whole]) ** 2, axis=0)))


def correlation(values: Matrix, truth: Matrix) -> Vector:
    """Pearson's correlation of each column, -1 to 1.

    Args:
        values: [n, A].
        truth: [n, A].

    Returns:
        float64 [A]; NaN where a column has fewer than two different values.
    """
    if len(values) < 2:
        return np.full(values.shape[1], np.nan)
    a, b = values - values.mean(axis=0), truth - truth.mean(axis=0)
    # The mean of equal numbers may differ from them in the last digit, and no sense comes of that.
    moves = (np.ptp(values, axis=0) > 0) & (np.ptp(truth, axis=0) > 0)
    spread = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    moves &= spread > 0
    result = np.full(values.shape[1], np.nan)
    result[moves] = np.clip((a * b).sum(axis=0)[moves] / spread[moves], -1.0, 1.0)
    return result
