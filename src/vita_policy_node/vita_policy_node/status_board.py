"""What the node tells of itself: its state with the reason, its counters, and each kind of event once."""

from __future__ import annotations

from typing import Any

from diagnostic_msgs.msg import DiagnosticArray

from vita_msgs.msg import PolicyStatus
from vita_policy_node import diagnostics
from vita_policy_node.control_loop import ControlLoop, PolicyState, Tick
from vita_policy_node.node_clocks import NodeClocks
from vita_policy_node.node_qos import STATUS_QOS
from vita_policy_node.run_statistics import RunStatistics
from vita_policy_node.serving import Serving
from vita_policy_node.stream_values import RateMeter, received, stream_values


class StatusBoard:
    """Publishes the status on change and on demand, and logs what is new in it."""

    def __init__(self, node: Any, clocks: NodeClocks) -> None:
        """Begins idle, without checkpoint and loop; ``node`` is a ``rclpy.node.Node``, whose publishers it makes."""
        self.state, self.reason = PolicyState.IDLE, "not configured"
        self._node, self._clocks = node, clocks
        self._serving: Serving | None = None
        self._loop: ControlLoop | None = None
        self._events = diagnostics.EventMemory()
        self._rates = RateMeter()
        self._statistics: RunStatistics | None = None
        self._status = node.create_publisher(PolicyStatus, "~/status", STATUS_QOS)
        self._diagnostics = node.create_publisher(DiagnosticArray, "/diagnostics", 10)

    def watch(self, serving: Serving | None, loop: ControlLoop | None) -> None:
        """Tell of these from now on; None while there are none."""
        self._serving = serving
        if loop is not self._loop:
            self._loop, self._rates = loop, RateMeter()
            self.begin()

    def introduce(self, serving: Serving) -> None:
        """Log what is served from now on, and what of it cannot be checked."""
        layout = serving.layout
        self._node.get_logger().info(
            f"serving '{serving.policy.checkpoint}' at {1e9 / layout.period_ns:g} Hz; grippers: {layout.grippers}"
        )
        for missing in serving.unchecked:
            self._node.get_logger().warning(missing)

    def begin(self) -> None:
        """A run begins: its events are new, and so is what is measured of it."""
        self._events = diagnostics.EventMemory()
        self._statistics = None if self._loop is None else RunStatistics(self._loop.layout.period_ns)

    def ticked(self, tick: Tick) -> None:
        """Take note of a tick: how it was timed, what happened for the first time in this run, and the state."""
        if self._loop is None or self._statistics is None:
            return
        if self._loop.running:
            self._statistics.tick(self._clocks.run_ns())
        if tick.chunk is not None:
            self._statistics.chunk(tick.chunk, self._clocks.now_ns())
        for event in self._events.new(self._loop):
            self._node.get_logger().warning(f"{event} (logged once for each start; /diagnostics counts)")
        self.set(tick.state, tick.reason)

    def sum_up(self) -> None:
        """Log how the run was, which has ended."""
        if self._loop is not None and self._statistics is not None:
            self._node.get_logger().info(f"{diagnostics.summary(self._loop)}; {self._statistics.words()}")

    def set(self, state: PolicyState, reason: str) -> None:
        """Publish and log the state and its reason if they changed."""
        if (state, reason) == (self.state, self.reason):
            return
        self.state, self.reason = state, reason
        told = diagnostics.worded(reason, self._serving)
        text = f"{state.name.lower()}: {told}" if told else state.name.lower()
        # Two calls, because rclpy allows one severity for each place that logs.
        if state is PolicyState.HOLDING:
            self._node.get_logger().warning(text)
        else:
            self._node.get_logger().info(text)
        self.publish()

    def publish(self) -> None:
        """Publish the status as it is."""
        now_ns = self._clocks.now_ns()
        self._status.publish(diagnostics.status_message(self.state, self.reason, self._serving, self._loop, now_ns))

    def report(self) -> None:
        """Publish status and diagnostics."""
        self.publish()
        now_ns, measured = self._clocks.now_ns(), dict[str, object]()
        if self._loop is not None and self._serving is not None and self._statistics is not None:
            rates_hz = self._rates.rates_hz(received(self._loop), self._clocks.steady_ns())
            measured = {"dry run": self._serving.settings.dry_run, **stream_values(self._loop, rates_hz, now_ns)}
            measured |= self._statistics.values()
        message = diagnostics.diagnostic_message(
            self._node.get_fully_qualified_name(), self.state, self.reason, self._loop, now_ns, measured
        )
        self._diagnostics.publish(message)
