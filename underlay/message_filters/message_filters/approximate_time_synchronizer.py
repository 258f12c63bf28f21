"""Matching of messages whose stamps lie close together."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from rclpy.clock import ROSClock
from rclpy.duration import Duration

from message_filters.simple_filter import SimpleFilter
from message_filters.stamps import stamp_of
from message_filters.time_synchronizer import StampQueue, TimeSynchronizer, enqueue


class ApproximateTimeSynchronizer(TimeSynchronizer):
    """Delivers sets whose stamps span less than ``slop``; each new message completes at most one.

    The rule: of every other stream the stamps at most ``slop`` from the new message's are candidates, nearest first.
    Their combinations are tried with the last stream varying fastest; the first one that, with the new message,
    spans strictly less than ``slop`` is delivered in stream order, and its messages are removed.

    Args:
        fs: the filters to read.
        queue_size: how many stamps are kept per stream; the smallest go first.
        slop: the tolerance [s].
        allow_headerless: file messages without a header under their arrival time [ROS clock] instead of
            dropping them with a warning.
        sync_arrival_time: file all messages under their arrival time.
    """

    def __init__(
        self,
        fs: Sequence[SimpleFilter],
        queue_size: int,
        slop: float,
        allow_headerless: bool = False,
        sync_arrival_time: bool = False,
    ) -> None:
        # Before the inputs are connected: another thread may deliver a message at once.
        self.slop = Duration(seconds=slop)
        self.allow_headerless = allow_headerless
        self.sync_arrival_time = sync_arrival_time
        super().__init__(fs, queue_size)

    def add(self, msg: Any, my_queue: StampQueue, my_queue_index: int | None = None) -> None:
        """Take one message of one stream, and deliver the set that it completes, if any."""
        name = type(self).__name__
        time = ROSClock().now() if self.sync_arrival_time else stamp_of(msg, self.allow_headerless, name)
        if time is None:
            return
        stamp = time.nanoseconds
        index = self._index_of(my_queue) if my_queue_index is None else my_queue_index
        with self.lock:
            enqueue(my_queue, stamp, msg, self.queue_size)
            if stamp not in my_queue:  # the queue was full of newer ones
                return
            match = self._match(stamp, index)
            if match is not None:
                self.signalMessage(*(queue.pop(time) for queue, time in zip(self.queues, match, strict=True)))

    def _index_of(self, my_queue: StampQueue) -> int:
        return next(index for index, queue in enumerate(self.queues) if queue is my_queue)

    def _match(self, stamp: int, index: int) -> tuple[int, ...] | None:
        """Return the stamps [ns] of the set to deliver, one per stream, or None."""
        slop = self.slop.nanoseconds
        candidates: list[list[int]] = []
        for position, queue in enumerate(self.queues):
            if position == index:
                candidates.append([stamp])
                continue
            # sorted() is stable: of two stamps equally far the one that arrived first is tried first.
            candidates.append(sorted((t for t in queue if abs(t - stamp) <= slop), key=lambda t: abs(t - stamp)))
        for combination in itertools.product(*candidates):
            if max(combination) - min(combination) < slop:
                return combination
        return None
