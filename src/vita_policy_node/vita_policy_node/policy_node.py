"""The lifecycle node: wiring and transitions only. What happens at a tick is in ``control_loop``."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from vita_dataset.errors import VitaError, run_cli
from vita_msgs.msg import ActionChunk, PolicyStatus
from vita_policy_node import diagnostics
from vita_policy_node.commands import command_messages, command_topic
from vita_policy_node.control_loop import ControlLoop, PolicyState, Tick
from vita_policy_node.conversions import MESSAGE_TYPES, chunk_message
from vita_policy_node.inference_worker import InferenceWorker
from vita_policy_node.node_process import run_node
from vita_policy_node.parameters import accept_change, declare_parameters, parameter_values
from vita_policy_node.serving import Serving, open_checkpoint

# Best effort is compatible with every publisher. Images are large and only the newest count; joint states are fast.
CAMERA_QOS = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
STATE_QOS = QoSProfile(depth=50, reliability=ReliabilityPolicy.BEST_EFFORT)
INPUT_QOS = {"raw": CAMERA_QOS, "compressed": CAMERA_QOS, "joint_state": STATE_QOS}
NEWEST_QOS = QoSProfile(depth=1)
STATUS_QOS = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
STATUS_PERIOD_S = 1.0
STANDSTILL_NS = 500_000_000

Result = TypeVar("Result")


class PolicyNode(LifecycleNode):
    """``vita_policy``: configure loads the checkpoint, activate listens, ``~/start`` commands.

    Holding means sending nothing: the robot's controller keeps its last point.
    """

    def __init__(self, **node_arguments: Any) -> None:
        """Declares the parameters; ``node_arguments`` are those of ``rclpy.node.Node``.

        Raises:
            DataError: a parameter is unknown, or has a wrong type or range.
        """
        super().__init__("vita_policy", automatically_declare_parameters_from_overrides=True, **node_arguments)
        declare_parameters(self)
        self._serving: Serving | None = None
        self._worker: InferenceWorker | None = None
        self._loop: ControlLoop | None = None
        self._active = False
        self._state = (PolicyState.IDLE, "not configured")
        self._events = diagnostics.EventMemory()
        self._commands: list[Any] = []
        self._inputs: list[Any] = []
        self._control_timer: Any = None
        self._ticked_ns = 0
        self._status = self.create_publisher(PolicyStatus, "~/status", STATUS_QOS)
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._chunks = self.create_lifecycle_publisher(ActionChunk, "~/action_chunk", 10)
        for name, handler in (("start", self._start), ("stop", self._stop), ("reset", self._reset)):
            self.create_service(Trigger, f"~/{name}", partial(self._serve, handler))
        # The status must come even when simulated time stands still.
        self._steady_clock = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(STATUS_PERIOD_S, partial(self._guarded, self._report, None), clock=self._steady_clock)
        self.add_on_set_parameters_callback(lambda changes: accept_change(changes, self._loop is not None))
        self._publish_status()

    def close(self) -> None:
        """Stop at once, whatever the state, and give everything back; idempotent."""
        self._deactivate("the process ends")
        self._release()
        self.destroy_node()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load and warm the checkpoint; refuse with every mismatch if the robot does not fit it."""
        done = self._guarded(self._configure, TransitionCallbackReturn.FAILURE)
        if done is not TransitionCallbackReturn.SUCCESS:
            self._release()
            return done
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe and tick; command at once if ``autostart_policy`` is set."""
        super().on_activate(state)
        return self._guarded(self._activate, TransitionCallbackReturn.ERROR)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop at once and stop listening."""
        self._deactivate("deactivated")
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give the checkpoint back."""
        self._release()
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop at once, from any state."""
        self._deactivate("shut down")
        self._release()
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """After a failed transition: stop, and be unconfigured again."""
        self._deactivate("a transition failed")
        self._release()
        return super().on_error(state)

    def _configure(self) -> TransitionCallbackReturn:
        try:
            serving = open_checkpoint(parameter_values(self))
        except VitaError as error:
            self.get_logger().error(f"refusing to configure: {error}")
            return TransitionCallbackReturn.FAILURE
        policy, layout = serving.policy, serving.layout
        self._serving, self._worker = serving, InferenceWorker(serving.predict)
        self._loop = ControlLoop(layout, serving.settings, self._worker, policy.config.action_horizon)
        topics = [command_topic(serving.settings.command_prefix, output.arm.command_topic) for output in layout.arms]
        self._commands = [self.create_lifecycle_publisher(JointTrajectory, topic, NEWEST_QOS) for topic in topics]
        self._set_state(PolicyState.IDLE, "configured, not active")
        rate_hz = 1e9 / layout.period_ns
        self.get_logger().info(f"serving '{policy.checkpoint}' at {rate_hz:g} Hz; grippers: {layout.grippers}")
        return TransitionCallbackReturn.SUCCESS

    def _activate(self) -> TransitionCallbackReturn:
        serving = self._serving
        if serving is None:
            raise RuntimeError("activated without being configured")
        for index, stream in enumerate(serving.layout.streams):
            kind, qos = MESSAGE_TYPES[stream.kind], INPUT_QOS[stream.kind]
            self._inputs.append(self.create_subscription(kind, stream.topic, partial(self._receive, index), qos))
        period_s = serving.layout.period_ns / 1e9
        self._control_timer = self.create_timer(period_s, partial(self._guarded, self._tick, None))
        self._active = True
        self._stop("active, waiting for ~/start")
        if serving.settings.autostart_policy:
            self._start()
        return TransitionCallbackReturn.SUCCESS

    def _deactivate(self, reason: str) -> None:
        self._active = False
        self._stop(reason)
        if self._control_timer is not None:
            self.destroy_timer(self._control_timer)
            self._control_timer = None
        for subscription in self._inputs:
            self.destroy_subscription(subscription)
        self._inputs = []
        if self._loop is not None:
            self._loop.forget()

    def _release(self) -> None:
        if self._worker is not None:
            self._worker.close()
        for publisher in self._commands:
            self.destroy_lifecycle_publisher(publisher)
        self._commands = []
        self._worker = self._loop = self._serving = None
        self._set_state(PolicyState.IDLE, "not configured")

    def _receive(self, stream: int, message: Any) -> None:
        if self._loop is not None:
            self._guarded(partial(self._loop.add_message, stream, message, self._now_ns()), None)

    def _tick(self) -> None:
        if self._loop is None or self._serving is None:
            return
        now_ns, self._ticked_ns = self._now_ns(), self._steady_clock.now().nanoseconds
        tick = self._loop.tick(now_ns)
        if tick.command is not None:
            start_ns = now_ns if self._serving.settings.stamp_commands else 0
            messages = command_messages(self._loop.layout, tick.command, start_ns)
            for publisher, message in zip(self._commands, messages, strict=True):
                publisher.publish(message)
        self._after(self._loop, tick)

    def _after(self, loop: ControlLoop, tick: Tick) -> None:
        """What may wait until the command is out: recording, and events, each logged when it first happens."""
        if tick.chunk is not None:
            self._chunks.publish(chunk_message(tick.chunk, loop.layout.limits.names))
        for event in self._events.new(loop):
            self.get_logger().warning(f"{event} (logged once for each start; /diagnostics counts)")
        self._set_state(tick.state, tick.reason)

    def _serve(self, handler: Callable[[], str], _request: Any, response: Trigger.Response) -> Trigger.Response:
        response.message = self._guarded(handler, diagnostics.INTERNAL_ERROR)
        response.success = not response.message
        return response

    def _start(self) -> str:
        """Returns why not, empty when started."""
        if self._loop is None or not self._active:
            return "the node is not active; configure and activate it first"
        if self._loop.running:
            return "the policy is already started"
        self._events, self._ticked_ns = diagnostics.EventMemory(), self._steady_clock.now().nanoseconds
        self._loop.start()
        self._set_state(PolicyState.HOLDING, "waiting for the first control tick")
        return ""

    def _stop(self, reason: str = "stopped by the operator") -> str:
        """Idempotent: stopping twice is no error."""
        if self._loop is None:
            return ""
        was_running = self._loop.running
        self._loop.stop(reason)
        self._set_state(PolicyState.IDLE, reason)
        if was_running:
            self.get_logger().info(diagnostics.summary(self._loop))
        return ""

    def _reset(self) -> str:
        if self._loop is None:
            return "the node is not configured"
        self._loop.discard()
        self.get_logger().info("reset: chunks are discarded")
        return ""

    def _now_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)

    def _set_state(self, state: PolicyState, reason: str) -> None:
        if (state, reason) == self._state:
            return
        self._state = (state, reason)
        text = f"{state.name.lower()}: {reason}" if reason else state.name.lower()
        # Two calls, because rclpy allows one severity for each place that logs.
        if state is PolicyState.HOLDING:
            self.get_logger().warning(text)
        else:
            self.get_logger().info(text)
        self._publish_status()

    def _publish_status(self) -> None:
        self._status.publish(diagnostics.status_message(*self._state, self._serving, self._loop, self._now_ns()))

    def _report(self) -> None:
        self._watch_timer()
        self._publish_status()
        name = self.get_fully_qualified_name()
        self._diagnostics.publish(diagnostics.diagnostic_message(name, *self._state, self._loop, self._now_ns()))

    def _watch_timer(self) -> None:
        """The control timer follows the node's clock; the status must not say RUNNING while that stands still."""
        if self._loop is None or not self._loop.running:
            return
        if self._steady_clock.now().nanoseconds - self._ticked_ns > max(STANDSTILL_NS, 2 * self._loop.layout.period_ns):
            if not self.get_parameter("use_sim_time").value:  # with it, the arm stands still or is slow as well
                self._loop.forget()
            self._set_state(PolicyState.HOLDING, diagnostics.STANDSTILL)

    def _guarded(self, action: Callable[[], Result], fallback: Result) -> Result:
        """The outermost guard of every callback, and the node's only broad except: log, stop, stay alive."""
        try:
            return action()
        except Exception:
            self.get_logger().error(f"internal error, the policy stops:\n{traceback.format_exc()}")
            self._stop(diagnostics.INTERNAL_ERROR)
            return fallback


def main() -> int:
    """Entry point of ``ros2 run vita_policy_node policy_node``."""
    return run_cli(partial(run_node, PolicyNode), sys.argv)


if __name__ == "__main__":
    sys.exit(main())
