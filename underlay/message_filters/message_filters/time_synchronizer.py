"""Matching of messages that carry exactly the same stamp."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from rclpy.time import Time

from message_filters.simple_filter import SimpleFilter

StampQueue = dict[int, Any]
"""Messages of one stream by stamp [ns]."""


def enqueue(queue: StampQueue, stamp_ns: int, msg: Any, limit: int) -> None:
    """File a message under its stamp and drop the smallest stamps beyond ``limit`` entries."""
    queue[stamp_ns] = msg
    while len(queue) > limit:
        del queue[min(queue)]


class TimeSynchronizer(SimpleFilter):
    """Delivers one message of each stream as soon as all streams hold the same stamp.

    Callbacks get one argument per stream, in the order of ``fs``.

    Args:
        fs: the filters to read.
        queue_size: how many stamps are kept per stream; the smallest go first.
    """

    def __init__(self, fs: Sequence[SimpleFilter], queue_size: int) -> None:
        super().__init__()
        self.queue_size = queue_size
        self.lock = threading.Lock()
        self.connectInput(fs)

    def connectInput(self, fs: Sequence[SimpleFilter]) -> None:  # noqa: N802  (the genuine name)
        """Start from empty queues that are fed by ``fs``."""
        self.queues: list[StampQueue] = [{} for _ in fs]
        self.input_connections = [
            (source, source.registerCallback(self.add, queue, index))
            for index, (source, queue) in enumerate(zip(fs, self.queues, strict=True))
        ]

    def add(self, msg: Any, my_queue: StampQueue, my_queue_index: int | None = None) -> None:  # noqa: ARG002
        """Take one message of one stream, and deliver every set that it completes, oldest first."""
        with self.lock:
            enqueue(my_queue, Time.from_msg(msg.header.stamp).nanoseconds, msg, self.queue_size)
            common = set(my_queue).intersection(*self.queues)
            for stamp in sorted(common):
                self.signalMessage(*(queue.pop(stamp) for queue in self.queues))
