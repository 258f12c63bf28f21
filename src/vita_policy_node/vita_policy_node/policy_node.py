"""The lifecycle node: wiring and transitions only. What happens at a tick is in ``control_loop``."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter

from vita_dataset.errors import VitaError, run_cli
from vita_msgs.msg import ActionChunk
from vita_policy_node import diagnostics
from vita_policy_node.checkpoint_loader import CheckpointLoader
from vita_policy_node.control_loop import ControlLoop, PolicyState
from vita_policy_node.control_timer import ControlTimer
from vita_policy_node.conversions import chunk_message
from vita_policy_node.inference_worker import InferenceWorker
from vita_policy_node.live_parameters import retuned
from vita_policy_node.node_clocks import NodeClocks
from vita_policy_node.node_inputs import NodeInputs
from vita_policy_node.node_outputs import NodeOutputs
from vita_policy_node.node_process import run_node
from vita_policy_node.node_services import NodeServices
from vita_policy_node.parameters import accept_change, declare_parameters, parameter_values
from vita_policy_node.policy_run import Termination
from vita_policy_node.run_policy import RunPolicyServer
from vita_policy_node.serving import Serving, open_checkpoint
from vita_policy_node.status_board import StatusBoard

STATUS_PERIOD_S = 1.0
WAITING = "active, waiting for ~/start"

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
        self._hangs = False
        self._adopted: str | None = None
        self._clocks = NodeClocks(self)
        self._board = StatusBoard(self, self._clocks)
        self._loader = CheckpointLoader()
        self._outputs: NodeOutputs | None = None
        self._inputs: NodeInputs | None = None
        self._timer = ControlTimer(self, partial(self.guarded, self._tick, None), self._clocks.steady_ns)
        self._chunks = self.create_lifecycle_publisher(ActionChunk, "~/action_chunk", 10)
        # The status must come even when simulated time stands still.
        report = partial(self.guarded, self._report, None)
        self.create_timer(STATUS_PERIOD_S, report, clock=self._clocks.steady)
        NodeServices(self, self, self._loader)
        self._runs = RunPolicyServer(self, self, lambda: self._loop, self._clocks)
        self.add_on_set_parameters_callback(
            lambda changes: accept_change(changes, self._serving is not None, self._adopted)
        )
        self.add_post_set_parameters_callback(lambda _changes: self.guarded(self._retune, None))
        self._board.publish()

    def close(self) -> bool:
        """Stop at once, whatever the state, and give everything back; idempotent. False if a thread goes on."""
        self._deactivate("the process ends")
        self._release()
        loaded = self._loader.close()
        self._runs.close()
        self.destroy_node()
        return loaded and not self._hangs

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load and warm the checkpoint; refuse with every mismatch if the robot does not fit it."""
        done = self.guarded(self._configure, TransitionCallbackReturn.FAILURE)
        if done is not TransitionCallbackReturn.SUCCESS:
            self._release()
            return done
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe and tick; command at once if ``autostart_policy`` is set."""
        super().on_activate(state)
        return self.guarded(self._activate, TransitionCallbackReturn.ERROR)

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
        self._deactivate("a transition failed", Termination.FAILED)
        self._release()
        return super().on_error(state)

    def _configure(self) -> TransitionCallbackReturn:
        try:
            serving = open_checkpoint(parameter_values(self))
        except VitaError as error:
            self.get_logger().error(f"refusing to configure: {error}")
            return TransitionCallbackReturn.FAILURE
        self._install(serving)
        self._outputs = NodeOutputs(self, serving.layout, serving.settings)
        self._board.set(PolicyState.IDLE, "configured, not active")
        return TransitionCallbackReturn.SUCCESS

    def _install(self, serving: Serving) -> None:
        policy, layout = serving.policy, serving.layout
        self._serving, self._worker = serving, InferenceWorker(serving.predict)
        horizons = policy.config.action_horizon, policy.config.obs_horizon
        self._loop = ControlLoop(layout, serving.settings, self._worker, *horizons, serving.start_poses)
        self._board.watch(serving, self._loop)
        self._board.introduce(serving)

    def _activate(self) -> TransitionCallbackReturn:
        serving = self._serving
        if serving is None:
            raise RuntimeError("activated without being configured")
        self._inputs = NodeInputs(self, serving, self._receive, self._clocks.steady_ns)
        self._timer.begin(serving.layout.period_ns)
        self._active = True
        self.stop(WAITING)
        if serving.settings.autostart_policy and (refusal := self.start()):
            self.get_logger().error(f"autostart_policy has no effect: {refusal}")
        return TransitionCallbackReturn.SUCCESS

    def _deactivate(self, reason: str, termination: Termination = Termination.STOPPED_BY_OPERATOR) -> None:
        self._active = False
        self.stop(reason, termination)
        self._timer.end()
        if self._inputs is not None:
            self._inputs.close()
            self._inputs = None
        if self._loop is not None:
            self._loop.forget()

    def _end_worker(self) -> None:
        if self._worker is not None and not self._worker.close():
            self._hangs = True
            self.get_logger().error("the model still computes and cannot be interrupted; restart the node")

    def _release(self) -> None:
        self._end_worker()
        if self._outputs is not None:
            self._outputs.close()
        self._worker = self._loop = self._serving = self._outputs = None
        self._board.watch(None, None)
        self._board.set(PolicyState.IDLE, "not configured")

    def _receive(self, stream: int, message: Any) -> None:
        if self._loop is not None:
            self.guarded(partial(self._loop.add_message, stream, message, self._clocks.now_ns()), None)

    def _tick(self) -> None:
        if self._loop is None or self._outputs is None or self._inputs is None:
            return
        now_ns = self._clocks.now_ns()
        was_running = self._loop.running
        tick = self._loop.tick(now_ns, self._inputs.blocked(self._timer.ticked_ns))
        if tick.command is not None:
            self._outputs.send(tick.command, now_ns)
        # What follows may wait until the command is out.
        if tick.chunk is not None:
            self._chunks.publish(chunk_message(tick.chunk, self._loop.layout.limits.names))
        self._board.ticked(tick)
        if was_running and not self._loop.running:
            # It stopped by itself, for somebody has to look.
            self._runs.ended(Termination.STOPPED_BY_SAFETY, tick.reason)
            self.get_logger().error(f"the policy has stopped: {tick.reason}")
            self._board.sum_up()

    @property
    def serving(self) -> Serving | None:
        """See ``Operated``."""
        return self._serving

    @property
    def running(self) -> bool:
        """See ``Operated``."""
        return self._loop is not None and self._loop.running

    def start(self) -> str:
        """Returns why not, empty when started."""
        if self._loop is None or not self._active:
            return "the node is not active; configure and activate it first"
        if self._loop.running:
            return "the policy is already started"
        if self._loader.busy:
            return "a checkpoint is being loaded; wait for it"
        if refusal := self._loop.start_refusal(self._clocks.now_ns()):
            return refusal
        self._board.begin()
        self._timer.touch()
        self._loop.start()
        self._board.set(PolicyState.HOLDING, "waiting for the first control tick")
        return ""

    def stop(
        self, reason: str = "stopped by the operator", termination: Termination = Termination.STOPPED_BY_OPERATOR
    ) -> str:
        """Idempotent: stopping twice is no error."""
        if self._loop is None:
            return ""
        was_running = self._loop.running
        self._loop.stop(reason)
        self._board.set(PolicyState.IDLE, reason)
        if was_running:
            self._runs.ended(termination, reason)
            self._board.sum_up()
        return ""

    def reset(self) -> str:
        """Returns why not, empty when done."""
        if self._loop is None:
            return "the node is not configured"
        self._loop.discard()
        self.get_logger().info("reset: chunks are discarded")
        return ""

    def parameters(self) -> dict[str, Any]:
        """See ``Operated``."""
        return parameter_values(self)

    def _retune(self) -> None:
        """Take over the live parameters, which have just changed, if any."""
        if self._serving is None or self._loop is None:
            return
        before, self._serving = self._serving, retuned(self._serving, self._loop, parameter_values(self))
        if self._serving is not before:
            self._board.watch(self._serving, self._loop)
            self.get_logger().info("the changed parameters are in use")

    def adopt(self, serving: Serving) -> None:
        """See ``Operated``. The robot stays the same, and with it all topics; the rate may be another one."""
        self._end_worker()
        self._install(serving)
        if self._loop is not None:
            self._loop.let_settle()
        if self._active:
            self._timer.begin(serving.layout.period_ns)
        self._adopted = serving.settings.checkpoint
        self.set_parameters([Parameter("checkpoint", value=self._adopted)])
        self.stop(WAITING if self._active else "configured, not active")

    def _report(self) -> None:
        # The control timer follows the node's clock; the status must not say RUNNING while that stands still.
        if self._loop is not None and self._loop.running and self._timer.stands_still:
            if not self._clocks.simulated:  # else the arm stands still or is slow as well
                self._loop.forget()
            self._board.set(PolicyState.HOLDING, diagnostics.STANDSTILL)
        self._board.report()

    def guarded(self, action: Callable[[], Result], fallback: Result) -> Result:
        """The outermost guard of every callback, and the node's only broad except: log, stop, stay alive."""
        try:
            return action()
        except Exception:
            self.get_logger().error(f"internal error, the policy stops:\n{traceback.format_exc()}")
            self.stop(diagnostics.INTERNAL_ERROR, Termination.FAILED)
            return fallback


def main() -> int:
    """Entry point of ``ros2 run vita_policy_node policy_node``."""
    return run_cli(partial(run_node, PolicyNode), sys.argv)


if __name__ == "__main__":
    sys.exit(main())
