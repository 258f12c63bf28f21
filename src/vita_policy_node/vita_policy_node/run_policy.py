"""The action ~/run_policy: one run of the policy, with feedback, a longest time and the reason for its end."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from rclpy.action.server import ActionServer, CancelResponse, GoalResponse

from vita_msgs.action import RunPolicy
from vita_policy_node.control_loop import ControlLoop
from vita_policy_node.diagnostics import INTERNAL_ERROR
from vita_policy_node.node_clocks import NodeClocks
from vita_policy_node.node_services import Operated
from vita_policy_node.policy_run import PolicyRun, RunEnd, Termination
from vita_policy_node.waiting import Until

FEEDBACK_PERIOD_NS = 200_000_000


class RunPolicyServer:
    """Takes one goal at a time; it begins when it is accepted. Whatever stops the policy ends the goal."""

    def __init__(
        self,
        node: Any,
        operated: Operated,
        loop: Callable[[], ControlLoop | None],
        clocks: NodeClocks,
    ) -> None:
        """Begin to serve.

        Args:
            node: the ``rclpy.node.Node`` that gets the action.
            operated: starts and stops the policy.
            loop: the control loop in service, for feedback.
            clocks: of the node.
        """
        self._operated, self._loop, self._clocks = operated, loop, clocks
        self._logger = node.get_logger()
        self._run: PolicyRun | None = None
        self._server: ActionServer[Any, Any, Any] | None = ActionServer(
            node,
            RunPolicy,
            "~/run_policy",
            execute_callback=self._execute,
            goal_callback=self._accept,
            handle_accepted_callback=self._begin,
            cancel_callback=self._cancel,
        )

    def ended(self, termination: Termination, reason: str) -> None:
        """The policy was running and has stopped; ends the goal, if there is one."""
        if self._run is not None:
            loop = self._loop()
            self._run.end(termination, reason, self._clocks.run_ns(), 0 if loop is None else loop.counts.commands)

    def close(self) -> None:
        """Offer the action no more; idempotent."""
        if self._server is not None:
            self._server.destroy()
            self._server = None

    def _accept(self, _goal: RunPolicy.Goal) -> GoalResponse:
        if self._run is not None:
            self._logger.warning("a second goal for ~/run_policy is refused: one is running")
            return GoalResponse.REJECT
        # A goal that cannot be run is accepted all the same: only a result tells the client why.
        return GoalResponse.ACCEPT

    def _begin(self, handle: Any) -> None:
        longest_s = handle.request.max_duration_s
        refusal = PolicyRun.refusal(longest_s)
        run = PolicyRun(0.0 if refusal else longest_s, self._clocks.run_ns())
        refusal = refusal or self._operated.guarded(self._operated.start, INTERNAL_ERROR)
        if refusal:
            run.end(Termination.FAILED, refusal, self._clocks.run_ns())
        self._run = run
        handle.execute()

    def _cancel(self, _handle: Any) -> CancelResponse:
        """Stops at once, not when the executor comes to the goal again."""
        stop = partial(self._operated.stop, "cancelled", Termination.CANCELLED)
        self._operated.guarded(stop, INTERNAL_ERROR)
        return CancelResponse.ACCEPT

    async def _execute(self, handle: Any) -> RunPolicy.Result:
        run, told_ns = self._run, self._clocks.run_ns()
        if run is None:
            raise RuntimeError("executes a goal that did not begin")
        while run.over is None:
            due_ns = told_ns + FEEDBACK_PERIOD_NS
            await Until(partial(self._needs_look, run, due_ns))
            told_ns = self._clocks.run_ns()
            if not self._operated.guarded(partial(self._watch, handle, run, told_ns), False):
                run.end(Termination.FAILED, INTERNAL_ERROR, told_ns)
        self._run = None
        return self._result(handle, run.over)

    def _needs_look(self, run: PolicyRun, due_ns: int) -> bool:
        now_ns = self._clocks.run_ns()
        return run.over is not None or run.is_due(now_ns) or now_ns >= due_ns

    def _watch(self, handle: Any, run: PolicyRun, now_ns: int) -> bool:
        loop = self._loop()
        if run.over is None and loop is not None:
            queue = loop.scheduler.remaining(self._clocks.now_ns())
            handle.publish_feedback(feedback(run, loop, queue, now_ns))
        if run.is_due(now_ns):
            self._operated.stop("the longest time of the run is reached", Termination.DURATION_REACHED)
        return run.over is not None or self._operated.running

    @staticmethod
    def _result(handle: Any, over: RunEnd) -> RunPolicy.Result:
        if over.termination is Termination.DURATION_REACHED:
            handle.succeed()
        elif over.termination is Termination.CANCELLED:
            handle.canceled()
        else:
            handle.abort()
        return RunPolicy.Result(
            termination=int(over.termination),
            message=over.message,
            duration_s=over.duration_ns / 1e9,
            commands=over.commands,
        )


def feedback(run: PolicyRun, loop: ControlLoop, queue: int, now_ns: int) -> RunPolicy.Feedback:
    """How the run goes; ``queue`` actions are to come, ``now_ns`` is on the run's clock."""
    latency_ns = 0 if loop.last_chunk is None else loop.last_chunk.inference_ns
    return RunPolicy.Feedback(
        elapsed_s=run.elapsed_ns(now_ns) / 1e9,
        step=loop.counts.commands + loop.counts.holds.total(),
        queue=queue,
        latency_s=latency_ns / 1e9,
    )
