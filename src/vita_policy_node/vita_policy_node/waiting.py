"""Lets a callback of the node wait for a thread without holding up the executor."""

from __future__ import annotations

from collections.abc import Callable, Generator


class Until:
    """``await Until(condition)`` in a coroutine that an rclpy executor runs: others go on until it holds.

    The executor looks again after each of its turns, at the latest when its next timer is due.
    """

    def __init__(self, condition: Callable[[], bool]) -> None:
        """``condition`` is asked in the executor's thread, and does not wait itself."""
        self._condition = condition

    def __await__(self) -> Generator[None, None, None]:
        """Give way until the condition holds."""
        while not self._condition():
            yield
