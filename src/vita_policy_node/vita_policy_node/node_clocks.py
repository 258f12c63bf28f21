"""The clocks that a node goes by."""

from __future__ import annotations

from typing import Any

from rclpy.clock import Clock
from rclpy.clock_type import ClockType


class NodeClocks:
    """The node's clock, which may be simulated or set, and a steady one, which neither jumps nor stands still."""

    def __init__(self, node: Any) -> None:
        """``node`` is a ``rclpy.node.Node``."""
        self._node = node
        self.steady = Clock(clock_type=ClockType.STEADY_TIME)

    @property
    def simulated(self) -> bool:
        """Whether the node's clock follows ``/clock``."""
        return bool(self._node.get_parameter("use_sim_time").value)

    def now_ns(self) -> int:
        """The node's time, that of the messages' stamps."""
        return int(self._node.get_clock().now().nanoseconds)

    def steady_ns(self) -> int:
        """Time on the steady clock."""
        return int(self.steady.now().nanoseconds)

    def run_ns(self) -> int:
        """What a run's duration is measured on: the simulated robot's time, or a clock that never jumps."""
        return self.now_ns() if self.simulated else self.steady_ns()
