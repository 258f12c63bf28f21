"""The base of every filter: a list of callbacks that a message is handed to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class SimpleFilter:
    """Holds callbacks and hands messages to them in the order of registration."""

    def __init__(self) -> None:
        self.callbacks: dict[int, tuple[Callable[..., Any], tuple[Any, ...]]] = {}
        self._next_connection = 0

    def registerCallback(self, cb: Callable[..., Any], *args: Any) -> int:  # noqa: N802  (the genuine name)
        """Call ``cb(*messages, *args)`` with what this filter lets through.

        Returns:
            A number that ``disconnect`` accepts.
        """
        connection = self._next_connection
        self._next_connection += 1
        self.callbacks[connection] = (cb, args)
        return connection

    def disconnect(self, connection: int) -> None:
        """Forget a callback. Raises KeyError when ``connection`` is unknown."""
        del self.callbacks[connection]

    def signalMessage(self, *msg: Any) -> None:  # noqa: N802  (the genuine name)
        """Hand one message, or one matched set, to all callbacks."""
        for callback, args in list(self.callbacks.values()):
            callback(*msg, *args)
