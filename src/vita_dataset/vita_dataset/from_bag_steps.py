"""Lays an even grid of steps over matched sets, which come when the cameras send."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from vita_dataset.errors import DataError

LONGEST_WAIT_NS = 60 * 10**9
"""How long one set may stand for the steps after it, however large a gap is allowed."""


@dataclass(frozen=True)
class Step:
    """One step of an episode.

    Attributes:
        time_ns: its time: the stamp of its set, or its place on the grid where the set stands in for a missing one.
        matched: the number of its matched set.
        repeats: whether the step before has the same set.
    """

    time_ns: int
    matched: int
    repeats: bool


def cut_at_gaps(stamps_ns: Sequence[int], gap_ns: int) -> Iterator[range]:
    """Pieces of ascending stamps that have no gap longer than ``gap_ns``; 0 cuts nowhere."""
    first = 0
    for index in range(1, len(stamps_ns)):
        if gap_ns and stamps_ns[index] - stamps_ns[index - 1] > gap_ns:
            yield range(first, index)
            first = index
    if stamps_ns:
        yield range(first, len(stamps_ns))


def plan_steps(stamps_ns: Sequence[int], period_ns: int) -> list[Step]:
    """Choose the set of each step, a period apart from the first set on.

    A step takes the set that is nearest to its time, at most half a period away and newer than that of the step
    before. Where there is none it takes the newest set at its time, as the robot's node would.

    Args:
        stamps_ns: of the sets, ascending, at least one.
        period_ns: time between steps.

    Raises:
        DataError: one set would have to stand for more than ``LONGEST_WAIT_NS``.
    """
    for before, after in pairwise(stamps_ns):
        if after - before > LONGEST_WAIT_NS:
            raise DataError(
                f"nothing was matched for {(after - before) / 1e9:.0f} s, but one picture may stand for "
                f"{LONGEST_WAIT_NS / 1e9:.0f} s at most; split there with a smaller --gap-s"
            )
    steps: list[Step] = []
    used = -1
    for number in range((stamps_ns[-1] - stamps_ns[0] + period_ns // 2) // period_ns + 1):
        time_ns = stamps_ns[0] + number * period_ns
        near = _nearest(stamps_ns, time_ns)
        if near > used and abs(stamps_ns[near] - time_ns) <= period_ns // 2:
            steps.append(Step(stamps_ns[near], near, repeats=False))
            used = near
        else:
            newest = max(used, bisect_right(stamps_ns, time_ns) - 1)
            steps.append(Step(time_ns, newest, repeats=newest == used))
            used = newest
    return steps


def _nearest(stamps_ns: Sequence[int], time_ns: int) -> int:
    """The number of the stamp nearest to a time, the earlier of two equally far."""
    after = bisect_left(stamps_ns, time_ns)
    around = [index for index in (after - 1, after) if 0 <= index < len(stamps_ns)]
    return min(around, key=lambda index: abs(stamps_ns[index] - time_ns))
