"""The dead-man switch: motion is allowed while somebody says so, again and again."""

from __future__ import annotations


class DeadMan:
    """Keeps the newest word of the switch. Nothing is latched: released and pressed again, motion goes on."""

    def __init__(self, topic: str, timeout_ns: int) -> None:
        """Begins released.

        Args:
            topic: for the reasons.
            timeout_ns: so long a word counts.
        """
        self._topic = topic
        self._timeout_ns = timeout_ns
        self._heard_ns: int | None = None
        self._pressed = False

    def hear(self, pressed: bool, now_ns: int) -> None:
        """A message came; ``now_ns`` on a clock that neither jumps nor stands still."""
        self._pressed, self._heard_ns = pressed, now_ns

    def reason(self, now_ns: int) -> str:
        """Why nothing may be sent, the same text while the cause stays; empty while the switch is pressed."""
        if self._heard_ns is None:
            return f"the dead-man switch on '{self._topic}' has sent nothing"
        if not 0 <= now_ns - self._heard_ns <= self._timeout_ns:
            return f"the dead-man switch on '{self._topic}' has been silent for {self._timeout_ns / 1e9:g} s"
        return "" if self._pressed else f"the dead-man switch on '{self._topic}' is released"
