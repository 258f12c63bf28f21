"""The timer of the control loop, and how a node learns that it stands still."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

STANDSTILL_NS = 500_000_000


class ControlTimer:
    """Ticks by the node's clock; judged by a steady one, for the node's may stop or be set back."""

    def __init__(self, node: Any, tick: Callable[[], None], steady_ns: Callable[[], int]) -> None:
        """Begins stopped; ``node`` is the ``rclpy.node.Node`` that owns the timer, ``tick`` gets its calls."""
        self.ticked_ns = 0
        self._node, self._tick, self._steady_ns = node, tick, steady_ns
        self._timer: Any = None
        self._period_ns = 0

    def begin(self, period_ns: int) -> None:
        """Tick with this period, instead of another one if there was one."""
        self.end()
        self._period_ns = period_ns
        self._timer = self._node.create_timer(period_ns / 1e9, self._call)

    def end(self) -> None:
        """Tick no more; idempotent."""
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
        self._timer = None

    def touch(self) -> None:
        """It was seen alive now."""
        self.ticked_ns = self._steady_ns()

    @property
    def stands_still(self) -> bool:
        """Whether it has not been seen alive for half a second and two periods."""
        return self._steady_ns() - self.ticked_ns > max(STANDSTILL_NS, 2 * self._period_ns)

    def _call(self) -> None:
        self.touch()
        self._tick()
