"""Matches the messages of several streams by their stamps, as the policy node does on the robot.

The rule is that of ``message_filters.ApproximateTimeSynchronizer`` behind the node's guard against bad stamps. It is
written here once more because message_filters needs a ROS client library, which conversion must not; a property test
holds the two together, match by match.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Message = TypeVar("Message")

JUMP_NS = 500_000_000
"""A stamp that goes back by more begins time anew: a looped recording, or a simulator that was reset."""


@dataclass(frozen=True, eq=False)
class Match(Generic[Message]):
    """One message of each stream, in the order of the streams, and their stamps [ns].

    ``era`` counts how often time had begun anew: stamps are comparable within one era only.
    """

    era: int
    stamps_ns: tuple[int, ...]
    messages: tuple[Message, ...]


@dataclass
class StreamCount:
    """Messages that came, those refused for their stamp or their joints, and those in a matched set."""

    received: int = 0
    refused: int = 0
    matched: int = 0


class StampSync(Generic[Message]):
    """Takes messages in the order of arrival; each new one completes at most one set.

    Args:
        streams: how many there are.
        slop_ns: a set's stamps span less than this.
        queue_size: how many messages of a stream wait for others.
    """

    def __init__(self, streams: int, slop_ns: int, queue_size: int) -> None:
        self.counts = tuple(StreamCount() for _ in range(streams))
        self.era = 0
        self._slop_ns = slop_ns
        self._queue_size = queue_size
        self._clear()

    def refuse(self, stream: int) -> None:
        """Count a message that is not for this robot."""
        self.counts[stream].received += 1
        self.counts[stream].refused += 1

    def add(self, stream: int, stamp_ns: int, message: Message) -> Match[Message] | None:
        """Take one message, and give the set that it completes, if any.

        A stamp of 0 was never set, and one that repeats or goes back a little carries nothing new: such a message is
        refused. After a stamp that goes back by more than ``JUMP_NS`` all older messages are forgotten.
        """
        count = self.counts[stream]
        newest = self._newest[stream]
        if stamp_ns <= 0 or (newest is not None and 0 <= newest - stamp_ns <= JUMP_NS):
            self.refuse(stream)
            return None
        count.received += 1
        if newest is not None and stamp_ns < newest:
            self.era += 1
            self._clear()
        self._newest[stream] = stamp_ns
        queue = self._queues[stream]
        queue[stamp_ns] = message
        if len(queue) > self._queue_size:
            del queue[next(iter(queue))]  # the oldest: stamps within a queue ascend
        stamps = self._complete(stream, stamp_ns)
        if stamps is None:
            return None
        for each in self.counts:
            each.matched += 1
        messages = tuple(queue.pop(stamp) for queue, stamp in zip(self._queues, stamps, strict=True))
        return Match(self.era, tuple(stamps), messages)

    def _complete(self, stream: int, new_ns: int) -> Sequence[int] | None:
        """The stamps of the set that the new message completes.

        Candidates of each other stream are tried nearest to the new stamp first, the last stream varying fastest; of
        two equally far the older one goes first.
        """
        candidates: list[list[int]] = []
        for index, queue in enumerate(self._queues):
            near = [new_ns] if index == stream else [s for s in queue if abs(s - new_ns) <= self._slop_ns]
            if not near:
                return None
            candidates.append(sorted(near, key=lambda stamp: abs(stamp - new_ns)))
        for stamps in itertools.product(*candidates):
            if max(stamps) - min(stamps) < self._slop_ns:
                return stamps
        return None

    def _clear(self) -> None:
        self._queues: list[dict[int, Message]] = [{} for _ in self.counts]
        self._newest: list[int | None] = [None for _ in self.counts]
