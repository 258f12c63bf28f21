"""A ring buffer of the last messages, with lookups by time."""

from __future__ import annotations

from collections import deque
from typing import Any

from rclpy.time import Time

from message_filters.simple_filter import SimpleFilter
from message_filters.stamps import stamp_of


class Cache(SimpleFilter):
    """Keeps the newest ``cache_size`` messages of a filter and passes every message on.

    Args:
        f: the filter to read; None for a cache that is fed with ``add``.
        cache_size: how many messages are kept; those that arrived first go first.
        allow_headerless: file messages without a header under their arrival time [ROS clock] instead of
            dropping them with a warning.
    """

    def __init__(self, f: SimpleFilter | None = None, cache_size: int = 1, allow_headerless: bool = False) -> None:
        super().__init__()
        self.cache_size = cache_size
        self.allow_headerless = allow_headerless
        self._entries: deque[tuple[Time, Any]] = deque(maxlen=cache_size)
        if f is not None:
            self.connectInput(f)

    def connectInput(self, f: SimpleFilter) -> None:  # noqa: N802  (the genuine name)
        """Fill this cache from ``f``."""
        self.incoming_connection = (f, f.registerCallback(self.add))

    def add(self, msg: Any) -> None:
        """Keep a message and pass it on."""
        stamp = stamp_of(msg, self.allow_headerless, type(self).__name__)
        if stamp is None:
            return
        self._entries.append((stamp, msg))
        self.signalMessage(msg)

    def getInterval(self, from_stamp: Time, to_stamp: Time) -> list[Any]:  # noqa: N802
        """Return the messages stamped from ``from_stamp`` to ``to_stamp``, both included, in order of arrival."""
        return [msg for stamp, msg in self._entries if from_stamp <= stamp <= to_stamp]

    def getElemAfterTime(self, stamp: Time) -> Any | None:  # noqa: N802
        """Return the first message stamped at or after ``stamp``, or None."""
        return next((msg for time, msg in self._entries if time >= stamp), None)

    def getElemBeforeTime(self, stamp: Time) -> Any | None:  # noqa: N802
        """Return the last message stamped at or before ``stamp``, or None."""
        return next((msg for time, msg in reversed(self._entries) if time <= stamp), None)

    def getLastestTime(self) -> Time | None:  # noqa: N802  (spelled as the genuine one)
        """Return the stamp of the message that arrived last, or None when empty."""
        return self._entries[-1][0] if self._entries else None

    def getLatestTime(self) -> Time | None:  # noqa: N802
        """Return the stamp of the message that arrived last, or None when empty."""
        return self.getLastestTime()

    def getOldestTime(self) -> Time | None:  # noqa: N802
        """Return the stamp of the oldest kept message, or None when empty."""
        return self._entries[0][0] if self._entries else None

    def getLast(self) -> Any | None:  # noqa: N802
        """Return the message that arrived last, or None when empty."""
        return self._entries[-1][1] if self._entries else None
