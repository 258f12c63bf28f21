"""Stand-in for the Python module of ROS 2's message_filters: same names, same calls, same matches."""

from __future__ import annotations

import itertools
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from rclpy.clock import ROSClock
from rclpy.duration import Duration
from rclpy.logging import get_logger
from rclpy.node import Node
from rclpy.time import Time

__all__ = ["ApproximateTimeSynchronizer", "Cache", "SimpleFilter", "Subscriber", "TimeSynchronizer"]

# ruff: noqa: N802  (the methods have their genuine names)

StampQueue = dict[int, Any]
"""Messages of one stream by stamp [ns]."""


def __getattr__(name: str) -> NoReturn:
    # ImportError, so that ``from message_filters import X`` shows this text; Python's introspection needs the other.
    package = f"ros-{os.environ.get('ROS_DISTRO', 'kilted')}-message-filters"
    kind = ImportError if name[:1].isupper() else AttributeError
    raise kind(f"message_filters.{name} is not covered by this stand-in; install the genuine {package}")


class SimpleFilter:
    """Hands messages to callbacks in the order of registration."""

    def __init__(self) -> None:
        self.callbacks: dict[int, tuple[Callable[..., Any], tuple[Any, ...]]] = {}

    def registerCallback(self, cb: Callable[..., Any], *args: Any) -> int:
        """Call ``cb(*messages, *args)`` with what this filter lets through. Returns the connection's number."""
        connection = len(self.callbacks)
        self.callbacks[connection] = (cb, args)
        return connection

    def signalMessage(self, *msg: Any) -> None:
        """Hand one message, or one matched set, to all callbacks."""
        for callback, args in list(self.callbacks.values()):
            callback(*msg, *args)


class Subscriber(SimpleFilter):
    """A subscription; ``kwargs`` are those of ``Node.create_subscription``, with ``qos_profile`` 10 unless given."""

    def __init__(self, node: Node, msg_type: type[Any], topic: str, **kwargs: Any) -> None:
        super().__init__()
        self.node = node
        self.topic = topic
        kwargs.setdefault("qos_profile", 10)
        self.sub = node.create_subscription(msg_type, topic, self.callback, **kwargs)

    def callback(self, msg: Any) -> None:
        """Pass a received message on."""
        self.signalMessage(msg)

    def getTopic(self) -> str:
        """Return the topic's name as it was given."""
        return self.topic

    def __getattr__(self, key: str) -> Any:
        # Like the genuine class, offer what the subscription offers. Before __init__ has set it there is nothing.
        if key == "sub":
            raise AttributeError(key)
        return getattr(self.sub, key)


def _stamp_of(msg: Any, allow_headerless: bool, owner: object) -> Time | None:
    """Return the header's stamp, the arrival time if there is none, or None, after a warning, if that is forbidden."""
    header = getattr(msg, "header", None)
    if header is not None and hasattr(header, "stamp"):
        return Time.from_msg(header.stamp)
    if allow_headerless:
        return ROSClock().now()
    get_logger("message_filters").warning(
        f"{type(owner).__name__} drops a {type(msg).__name__}: it has no header; "
        "allow_headerless=True would take its arrival time",
        throttle_duration_sec=5.0,
    )
    return None


class Cache(SimpleFilter):
    """Keeps the ``cache_size`` messages of a filter that arrived last and passes every message on."""

    def __init__(self, f: SimpleFilter | None = None, cache_size: int = 1, allow_headerless: bool = False) -> None:
        super().__init__()
        self.allow_headerless = allow_headerless
        self._entries: deque[tuple[Time, Any]] = deque(maxlen=cache_size)
        if f is not None:
            self.connectInput(f)

    def connectInput(self, f: SimpleFilter) -> None:
        """Fill this cache from ``f``."""
        self.incoming_connection = f.registerCallback(self.add)

    def add(self, msg: Any) -> None:
        """Keep a message and pass it on."""
        stamp = _stamp_of(msg, self.allow_headerless, self)
        if stamp is not None:
            self._entries.append((stamp, msg))
            self.signalMessage(msg)

    def getInterval(self, from_stamp: Time, to_stamp: Time) -> list[Any]:
        """Return the messages stamped from ``from_stamp`` to ``to_stamp``, both included, in order of arrival."""
        return [msg for stamp, msg in self._entries if from_stamp <= stamp <= to_stamp]

    def getElemAfterTime(self, stamp: Time) -> Any | None:
        """Return the first message stamped at or after ``stamp``, or None."""
        return next((msg for time, msg in self._entries if time >= stamp), None)

    def getElemBeforeTime(self, stamp: Time) -> Any | None:
        """Return the last message stamped at or before ``stamp``, or None."""
        return next((msg for time, msg in reversed(self._entries) if time <= stamp), None)

    def getOldestTime(self) -> Time | None:
        """Return the stamp of the oldest kept message, or None when empty."""
        return self._entries[0][0] if self._entries else None

    def getLatestTime(self) -> Time | None:
        """Return the stamp of the message that arrived last, or None when empty."""
        return self._entries[-1][0] if self._entries else None

    getLastestTime = getLatestTime  # noqa: N815  (spelled as the genuine one)

    def getLast(self) -> Any | None:
        """Return the message that arrived last, or None when empty."""
        return self._entries[-1][1] if self._entries else None


class TimeSynchronizer(SimpleFilter):
    """Delivers one message of each of the filters ``fs`` as soon as all hold the same stamp.

    Callbacks get one argument per stream. Of each stream ``queue_size`` stamps are kept; the smallest go first.
    """

    def __init__(self, fs: Sequence[SimpleFilter], queue_size: int) -> None:
        super().__init__()
        self.queue_size = queue_size
        self.lock = threading.Lock()
        self.connectInput(fs)

    def connectInput(self, fs: Sequence[SimpleFilter]) -> None:
        """Start from empty queues that are fed by ``fs``."""
        self.queues: list[StampQueue] = [{} for _ in fs]
        self.input_connections = [
            source.registerCallback(self.add, queue, index)
            for index, (source, queue) in enumerate(zip(fs, self.queues, strict=True))
        ]

    def add(self, msg: Any, my_queue: StampQueue, my_queue_index: int | None = None) -> None:  # noqa: ARG002
        """Take one message of one stream, and deliver every set that it completes, oldest first."""
        with self.lock:
            self._enqueue(my_queue, Time.from_msg(msg.header.stamp).nanoseconds, msg)
            for stamp in sorted(set(my_queue).intersection(*self.queues)):
                self._deliver([stamp] * len(self.queues))

    def _enqueue(self, queue: StampQueue, stamp: int, msg: Any) -> None:
        queue[stamp] = msg
        while len(queue) > self.queue_size:
            del queue[min(queue)]

    def _deliver(self, stamps: Sequence[int]) -> None:
        self.signalMessage(*(queue.pop(stamp) for queue, stamp in zip(self.queues, stamps, strict=True)))


class ApproximateTimeSynchronizer(TimeSynchronizer):
    """Delivers sets whose stamps span less than ``slop`` [s]; each new message completes at most one.

    The rule: of every other stream the stamps at most ``slop`` from the new message's are candidates, nearest first.
    Their combinations are tried with the last stream varying fastest; the first one that, with the new message,
    spans strictly less than ``slop`` is delivered in stream order, and its messages are removed.

    Messages without a header are dropped with a warning, or filed under their arrival time if ``allow_headerless``;
    with ``sync_arrival_time`` all messages are.
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

    def add(self, msg: Any, my_queue: StampQueue, my_queue_index: int | None = None) -> None:  # noqa: ARG002
        """Take one message of one stream, and deliver the set that it completes, if any."""
        time = ROSClock().now() if self.sync_arrival_time else _stamp_of(msg, self.allow_headerless, self)
        if time is None:
            return
        new, slop = time.nanoseconds, self.slop.nanoseconds

        def distance(stamp: int) -> int:
            return abs(stamp - new)

        with self.lock:
            self._enqueue(my_queue, new, msg)
            if new not in my_queue:  # the queue was full of newer ones
                return
            # sorted() is stable: of two stamps equally far the one that arrived first is tried first.
            candidates = [
                [new] if queue is my_queue else sorted((s for s in queue if distance(s) <= slop), key=distance)
                for queue in self.queues
            ]
            for stamps in itertools.product(*candidates):
                if max(stamps) - min(stamps) < slop:
                    self._deliver(stamps)
                    return
