"""Ends a policy that asks for too much again and again."""

from __future__ import annotations


class ViolationCount:
    """Counts actions in a row that hit a limit. Ticks without an action are no part of the row."""

    def __init__(self, most: int) -> None:
        """``most``: so many in a row are too many; 0 = never."""
        self._most = most
        self.start()

    def start(self) -> None:
        """Begin anew."""
        self._in_a_row = 0

    def add(self, hits: tuple[str, ...]) -> str:
        """Count one action by its hits; why the policy must end, empty if it need not."""
        self._in_a_row = self._in_a_row + 1 if hits else 0
        if not self._most or self._in_a_row < self._most:
            return ""
        return f"{self._most} actions in a row hit a limit, the last one {'; '.join(hits)}; look at the policy's task"
