"""Ends a policy whose model hangs."""

from __future__ import annotations


class InferenceWatch:
    """Knows how long the prediction in flight has taken, on a clock that never jumps."""

    def __init__(self, timeout_ns: int) -> None:
        """``timeout_ns``: longer is a hang; 0 = never."""
        self._timeout_ns = timeout_ns
        self._asked_ns: int | None = None

    def asked(self, now_ns: int) -> None:
        """A prediction was started."""
        self._asked_ns = now_ns

    def answered(self) -> None:
        """It came, or nobody waits for it any more."""
        self._asked_ns = None

    def hang(self, now_ns: int) -> str:
        """Why the policy must end, empty if it need not."""
        if not self._timeout_ns or self._asked_ns is None or now_ns - self._asked_ns <= self._timeout_ns:
            return ""
        return (
            f"the model has computed for more than {self._timeout_ns / 1e9:g} s and may hang; look at its device, then "
            "restart the node"
        )
