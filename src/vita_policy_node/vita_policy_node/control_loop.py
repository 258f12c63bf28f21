"""What happens at each control tick: from streams to a command, or to a hold with its reason."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_policy_node.age_ladder import AgeLadder
from vita_policy_node.chunk_scheduler import DueAction
from vita_policy_node.chunk_supply import ChunkSupply
from vita_policy_node.contract import Layout
from vita_policy_node.control_tick import LoopCounts, PolicyState, Tick
from vita_policy_node.follow_check import FollowCheck
from vita_policy_node.inference_worker import Worker
from vita_policy_node.jump_check import JumpCheck
from vita_policy_node.observation_builder import read_joints
from vita_policy_node.observation_sync import ObservationSync
from vita_policy_node.safety import COMMAND_MEMORY_NS, SafetyGate, SentCommand
from vita_policy_node.schedules import make_scheduler
from vita_policy_node.settings import NodeSettings
from vita_policy_node.start_gate import StartGate, StartPoses
from vita_policy_node.streams import Arrival, StreamLimit
from vita_policy_node.violation_count import ViolationCount
from vita_train.policy.observation import ActionChunk

__all__ = ["ControlLoop", "LoopCounts", "PolicyState", "Tick"]

NO_LAG_LIMIT = 1e9
"""In a dry run the arm does not follow, by so many steps no joint can lag."""


class ControlLoop:
    """Joins the synchroniser, the worker, the scheduler and the safety gate; owns no clock, node or thread.

    Used alike by the node, whose timer ticks it, and by the offline replay, which ticks it with a bag's stamps.
    """

    def __init__(
        self,
        layout: Layout,
        settings: NodeSettings,
        worker: Worker,
        action_horizon: int,
        obs_horizon: int = 1,
        start_poses: StartPoses | None = None,
    ) -> None:
        limits = tuple(StreamLimit(stream.name, stream.timeout_ns) for stream in layout.streams)
        self.layout = layout
        self.sync = ObservationSync(limits, settings.slop_s, settings.queue_size, obs_horizon, layout.step_ns)
        self.scheduler = make_scheduler(settings.schedule, action_horizon, layout.arm_joints)
        self.counts = LoopCounts()
        self.last_chunk: ActionChunk | None = None
        self._limits = limits
        self.retune(settings)
        self._start_gate = None
        if start_poses is not None and settings.gates_start:
            self._start_gate = StartGate(start_poses, layout, settings.safety)
        self._at_start = False
        self._jumps = JumpCheck(layout)
        window_ns = 0 if settings.unheard else settings.stuck_ns
        self._follow = FollowCheck(layout.limits.names, layout.speed_per_s, layout.arm_joints, window_ns)
        safety = settings.safety
        self._violations = ViolationCount(safety.max_violations)
        oldest_ns, hang_ns = layout.streams[0].timeout_ns, safety.inference_timeout_ns
        self._supply = ChunkSupply(worker, self.scheduler, self.sync, oldest_ns, hang_ns)
        self._running = False
        self._idle_reason = "not started"
        self._sent: SentCommand | None = None
        self._last_tick_ns: int | None = None
        self._elapsed_ns = 0
        self._settled_ns = 0

    def retune(self, settings: NodeSettings) -> None:
        """Take over the live settings. What they belong to keeps no memory, so this may be done between any ticks."""
        safety, ticks_per_step = settings.safety, self.layout.ticks_per_step
        lag_steps = NO_LAG_LIMIT if settings.dry_run else settings.max_lag_steps * ticks_per_step
        self._gate = SafetyGate(self.layout.limits, settings.limit_mode, lag_steps)
        self._ages = AgeLadder(self._limits, safety.age_warn, safety.age_skip, safety.age_stop)
        self.sync.retune(settings.slop_s)

    @property
    def running(self) -> bool:
        """Whether it was started; it may be holding."""
        return self._running

    def add_message(self, stream: int, message: Any, now_ns: int) -> None:
        """Take one message of a stream. Decodes nothing."""
        joints = self.layout.streams[stream].joints
        if joints and not joints.intersection(message.name):
            # Another robot's publisher on the same topic; it must not hide the pose of this one.
            self.sync.rules.refuse(stream, Arrival.FOREIGN)
            return
        arrival = self.sync.add(stream, message, now_ns)
        if arrival is Arrival.JUMPED_BACK:
            self.discard()
            self._jumps.forget()
        if joints and arrival in (Arrival.ACCEPTED, Arrival.JUMPED_BACK):
            self._jumps.add(stream, message)

    def start(self) -> None:
        """Begin commanding with the next tick; steps count from the last command while it is fresh, else the pose."""
        self.discard()
        self.counts = LoopCounts()
        self.sync.reset_counts()
        self.scheduler.reset_counts()
        self._follow.start()
        if self._start_gate is not None:
            self._start_gate.start()
        self._at_start = self._start_gate is not None
        self._violations.start()
        self._running = True

    def start_refusal(self, now_ns: int) -> str:
        """Why a start now would be refused; empty if not, or if no pose is known yet: then the first tick decides."""
        if self._start_gate is None or self.sync.rules.stale(now_ns):
            return ""
        try:
            return self._start_gate.refusal(read_joints(self.layout, self.layout.pose, self.sync.newest_messages()))
        except DataError:
            return ""

    def stop(self, reason: str) -> None:
        """Be idle at once; idempotent."""
        self._running = False
        self._idle_reason = reason
        self.discard()

    def discard(self) -> None:
        """Forget the chunk in use, the one in flight, and what the policy would look back on.

        The last command stays until it is too old to count steps from: the controller is still on its way there, and
        steps from the measured pose, which lags behind, would throw the arm back.
        """
        self._supply.discard()
        self.sync.forget_past()

    def forget(self) -> None:
        """Forget all messages, the last command and the time, when there was no tick for a while or will be none."""
        self.discard()
        self.sync.forget()
        self._jumps.forget()
        self._settle()
        self._last_tick_ns = None

    def let_settle(self) -> None:
        """Send nothing until an arm has surely reached what was commanded by others before."""
        self._settled_ns = self._elapsed_ns + COMMAND_MEMORY_NS

    def tick(self, now_ns: int, blocked: str = "") -> Tick:
        """Decide what to send at ``now_ns``; ``blocked`` says why somebody outside forbids motion, empty if not."""
        self._check_clock(now_ns)
        # Also while idle: a start must not count its first step from a pose that jumps.
        jump = self._jumps.check(self._elapsed_ns)
        if not self._running:
            return Tick(PolicyState.IDLE, self._idle_reason)
        if jump is not None:
            self.counts.faults.update(jump.faults)
        ages = self._ages.judge(self.sync.rules.ages_ns(now_ns))
        self.counts.warnings.update(ages.warnings)
        if ages.stop:
            return self._end(ages.stop)
        if blocked:
            self.discard()
            return self._hold(blocked)
        stale = self.sync.rules.stale(now_ns)
        if stale:
            # What was predicted before the gap is not to be resumed after it.
            self.discard()
            return self._hold("; ".join(stale))
        if self._elapsed_ns < self._settled_ns:
            return self._hold("waiting for half a second, until the arm has reached the command sent last")
        if (fault := jump or self._follow.stuck) is not None:
            self.discard()
            return self._hold(fault.reason)
        if self._at_start and (tick := self._pass_start_gate()) is not None:
            return tick
        chunk = self._supply.advance(now_ns, self._elapsed_ns, self.counts, ages.skip)
        self.last_chunk = chunk or self.last_chunk
        if hang := self._supply.hang(self._elapsed_ns):
            return self._end(hang)
        due = self.scheduler.due(now_ns)
        if due is None:
            return self._hold(self._supply.why_nothing_is_due(self.counts), chunk)
        return self._command(due, chunk)

    def _check_clock(self, now_ns: int) -> None:
        """Count the time that surely passed, a period a tick at most, so that no jump makes the last command look old.

        After a jump back, or so far ahead that the node may have stood still, nobody knows how old the last command is.
        """
        passed_ns = self.layout.period_ns if self._last_tick_ns is None else now_ns - self._last_tick_ns
        self._last_tick_ns = now_ns
        self._elapsed_ns += min(max(0, passed_ns), self.layout.period_ns)
        if 0 <= passed_ns <= COMMAND_MEMORY_NS + self.layout.period_ns:
            return
        if passed_ns < 0:
            self.sync.forget()
            self._jumps.forget()
        self.discard()
        self._settle()

    def _settle(self) -> None:
        """The last command's age is unknown from now on: send nothing until the arm has surely reached it."""
        if self._sent is not None:
            self._sent = None
            self.let_settle()

    def _command(self, due: DueAction, chunk: ActionChunk | None) -> Tick:
        try:
            measured = read_joints(self.layout, self.layout.pose, self.sync.newest_messages())
        except DataError as error:
            return self._hold(str(error), chunk)
        # An unnamed action is in the robot's order: the operator allowed it, or the contract would have refused.
        return self._send(due.action, due.names or self.layout.limits.names, measured, due=due, chunk=chunk)

    def _pass_start_gate(self) -> Tick | None:
        """None once the arm stands where demonstrations began."""
        assert self._start_gate is not None
        try:
            measured = read_joints(self.layout, self.layout.pose, self.sync.newest_messages())
        except DataError as error:
            return self._hold(str(error))
        start = self._gate.start_from(measured, self._sent, self._elapsed_ns)
        answer = self._start_gate.check(measured, measured if start is None else start.values, self._elapsed_ns)
        if answer.refusal:
            return self._end(answer.refusal)
        if answer.action is not None:
            return self._send(answer.action, self.layout.limits.names, measured, "moving slowly to a start pose")
        self._at_start = False
        return None

    def _send(
        self,
        action: NDArray[np.floating],
        names: tuple[str, ...],
        measured: NDArray[np.float64],
        reason: str = "",
        due: DueAction | None = None,
        chunk: ActionChunk | None = None,
    ) -> Tick:
        """Send what the gate makes of an action; ``reason`` says why it is not the policy's."""
        verdict = self._gate.check(action, names, measured, self._sent, self._elapsed_ns)
        self.counts.hits.update(verdict.hits)
        self.counts.warnings.update(verdict.warnings)
        if violated := self._violations.add(verdict.hits):
            return self._end(violated)
        if verdict.command is None:
            if verdict.lagging and self._sent is not None:
                # Kept fresh: once it expired, steps would count from the pose and push the arm again and again.
                self._sent = SentCommand(self._sent.values, self._elapsed_ns)
            return self._hold(verdict.reason, chunk)
        stuck = self._follow.check(verdict.command, measured, self._elapsed_ns)
        if stuck is not None:
            self.counts.faults.update(stuck.faults)
            return self._hold(stuck.reason, chunk)
        self._sent = SentCommand(verdict.command, self._elapsed_ns, verdict.motion)
        self.counts.commands += 1
        self.counts.limited += bool(verdict.hits)
        return Tick(PolicyState.RUNNING, reason, verdict.command, due, chunk)

    def _end(self, reason: str) -> Tick:
        """Stop by itself, for somebody has to look."""
        self.counts.hold(reason)
        self.stop(reason)
        return Tick(PolicyState.IDLE, reason)

    def _hold(self, reason: str, chunk: ActionChunk | None = None) -> Tick:
        self.counts.hold(reason)
        return Tick(PolicyState.HOLDING, reason, chunk=chunk)
