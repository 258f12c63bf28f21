"""Cuts a conversion into ranges of steps that no two workers share a file of, and says who takes which next."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

MOST_RANGES = 32
"""More would only cost more seeks in the videos, of which each decodes up to a group of pictures for nothing."""
LONGEST = 2048
"""[steps] What is lost, at most, when a worker dies."""
SHORTEST = 256
"""[steps]"""


@dataclass(frozen=True)
class Piece:
    """Steps ``first`` to ``stop`` - 1 of one episode."""

    episode: int
    first: int
    stop: int


@dataclass(frozen=True)
class StepRange:
    """A stretch of the dataset's steps that one worker converts.

    Attributes:
        number: its place in the plan, from 0.
        first: its first step, counted over all episodes; a multiple of the plan's alignment.
        pieces: its parts of episodes, in order; none is empty.
    """

    number: int
    first: int
    pieces: tuple[Piece, ...]

    def __len__(self) -> int:
        return sum(piece.stop - piece.first for piece in self.pieces)


def plan_ranges(lengths: Sequence[int], alignment: int) -> tuple[StepRange, ...]:
    """Cut all steps into ranges.

    The plan depends on nothing but its arguments, so that it is the same on every machine and when work is resumed.

    Args:
        lengths: steps of each episode, above 0.
        alignment: steps; every range begins at a multiple of it.
    """
    total = sum(lengths)
    wanted = min(LONGEST, max(SHORTEST, total // MOST_RANGES))
    size = -(-wanted // alignment) * alignment
    pieces: list[list[Piece]] = [[] for _ in range(0, total, size)]
    begin = 0
    for episode, length in enumerate(lengths):
        first = 0
        while first < length:
            number, offset = divmod(begin + first, size)
            stop = min(length, first + size - offset)
            pieces[number].append(Piece(episode, first, stop))
            first = stop
        begin += length
    return tuple(StepRange(number, number * size, tuple(parts)) for number, parts in enumerate(pieces))


def choose(pending: Collection[int], last: int | None, busy: Collection[int]) -> int:
    """Which of the ranges that nobody has begun a worker takes next.

    The one after its last one, whose frames its decoders stand before already. Else it begins far from the others:
    in the middle of the longest stretch of ranges, or at its start where no other worker is on the way there.

    Args:
        pending: numbers of the ranges that nobody has begun, at least one.
        last: the range that this worker converted last.
        busy: what the other workers are converting.
    """
    if last is not None and last + 1 in pending:
        return last + 1
    stretches: list[list[int]] = []
    for number in sorted(pending):
        if stretches and stretches[-1][-1] + 1 == number:
            stretches[-1].append(number)
        else:
            stretches.append([number])
    longest = max(stretches, key=len)
    return longest[len(longest) // 2] if longest[0] - 1 in busy else longest[0]
