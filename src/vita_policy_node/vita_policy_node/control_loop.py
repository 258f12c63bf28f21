"""What happens at each control tick: from streams to a command, or to a hold with its reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_policy_node.chunk_scheduler import ChunkScheduler, DueAction
from vita_policy_node.contract import Layout
from vita_policy_node.follow_check import FollowCheck
from vita_policy_node.inference_worker import Worker
from vita_policy_node.jump_check import JumpCheck
from vita_policy_node.observation_builder import read_joints
from vita_policy_node.observation_sync import ObservationSync
from vita_policy_node.safety import COMMAND_MEMORY_NS, SafetyGate, SentCommand
from vita_policy_node.settings import NodeSettings
from vita_policy_node.streams import Arrival, StreamLimit
from vita_train.policy.observation import ActionChunk


class PolicyState(IntEnum):
    """The states of vita_msgs/PolicyStatus, same numbers."""

    IDLE = 0
    RUNNING = 1
    HOLDING = 2


@dataclass(frozen=True, eq=False)
class Tick:
    """The outcome of one tick.

    Attributes:
        state: what the loop does.
        reason: why, when it holds or is idle; the text stays the same while the cause does.
        command: float64 [A] in the order of ``Layout.limits.names``, to be sent now; None while holding or idle.
        due: the action behind the command.
        chunk: a chunk that arrived in this tick.
    """

    state: PolicyState
    reason: str = ""
    command: NDArray[np.float64] | None = None
    due: DueAction | None = None
    chunk: ActionChunk | None = None


@dataclass
class LoopCounts:
    """Since the last start: ticks held by reason, faults of the measurements and hits of the safety gate by name."""

    chunks: int = 0
    commands: int = 0
    limited: int = 0
    holds: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)


class ControlLoop:
    """Joins the synchroniser, the worker, the scheduler and the safety gate; owns no clock, node or thread.

    Used alike by the node, whose timer ticks it, and by the offline replay, which ticks it with a bag's stamps.
    """

    def __init__(self, layout: Layout, settings: NodeSettings, worker: Worker, action_horizon: int) -> None:
        limits = tuple(StreamLimit(stream.name, stream.timeout_ns) for stream in layout.streams)
        self.layout = layout
        self.sync = ObservationSync(limits, settings.slop_s, settings.queue_size)
        self.scheduler = ChunkScheduler(action_horizon)
        self.counts = LoopCounts()
        self.last_chunk: ActionChunk | None = None
        self._worker = worker
        self._gate = SafetyGate(layout.limits, settings.limit_mode, settings.max_lag_steps)
        self._jumps = JumpCheck(layout)
        # With a prefix no arm hears the commands, so none follows them.
        window_ns = 0 if settings.command_prefix else settings.stuck_ns
        self._follow = FollowCheck(layout.limits.names, layout.speed_per_s, layout.arm_joints, window_ns)
        self._running = False
        self._idle_reason = "not started"
        self._sent: SentCommand | None = None
        self._submitted_ns = 0
        self._failure = ""
        self._last_tick_ns: int | None = None
        self._elapsed_ns = 0
        self._settled_ns = 0

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
        self._running = True

    def stop(self, reason: str) -> None:
        """Be idle at once; idempotent."""
        self._running = False
        self._idle_reason = reason
        self.discard()

    def discard(self) -> None:
        """Forget the chunk in use and the one in flight.

        The last command stays until it is too old to count steps from: the controller is still on its way there, and
        steps from the measured pose, which lags behind, would throw the arm back.
        """
        self._worker.reset()
        self.scheduler.reset()
        self._submitted_ns = 0
        self._failure = ""

    def forget(self) -> None:
        """Forget all messages, the last command and the time, when there was no tick for a while or will be none."""
        self.discard()
        self.sync.forget()
        self._jumps.forget()
        self._settle()
        self._last_tick_ns = None

    def tick(self, now_ns: int) -> Tick:
        """Decide what to send at ``now_ns``."""
        self._check_clock(now_ns)
        # Also while idle: a start must not count its first step from a pose that jumps.
        jump = self._jumps.check(self._elapsed_ns)
        if not self._running:
            return Tick(PolicyState.IDLE, self._idle_reason)
        if jump is not None:
            self.counts.faults.update(jump.faults)
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
        chunk = self._collect(now_ns)
        if self.scheduler.needs_chunk(now_ns) and self._request(now_ns):
            chunk = self._collect(now_ns) or chunk
        due = self.scheduler.due(now_ns)
        if due is None:
            return self._hold(self._why_nothing_is_due(), chunk)
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
            self._settled_ns = self._elapsed_ns + COMMAND_MEMORY_NS

    def _command(self, due: DueAction, chunk: ActionChunk | None) -> Tick:
        try:
            measured = read_joints(self.layout, self.layout.pose, self.sync.newest_messages())
        except DataError as error:
            return self._hold(str(error), chunk)
        # An unnamed action is in the robot's order: the operator allowed it, or the contract would have refused.
        names = due.names or self.layout.limits.names
        verdict = self._gate.check(due.action, names, measured, self._sent, self._elapsed_ns)
        self.counts.hits.update(verdict.hits)
        if verdict.command is None:
            if verdict.lagging and self._sent is not None:
                # Kept fresh: once it expired, steps would count from the pose and push the arm again and again.
                self._sent = SentCommand(self._sent.values, self._elapsed_ns)
            return self._hold(verdict.reason, chunk)
        stuck = self._follow.check(verdict.command, measured, self._elapsed_ns)
        if stuck is not None:
            self.counts.faults.update(stuck.faults)
            return self._hold(stuck.reason, chunk)
        self._sent = SentCommand(verdict.command, self._elapsed_ns)
        self.counts.commands += 1
        self.counts.limited += bool(verdict.hits)
        return Tick(PolicyState.RUNNING, command=verdict.command, due=due, chunk=chunk)

    def _hold(self, reason: str, chunk: ActionChunk | None = None) -> Tick:
        self.counts.holds[reason] += 1
        return Tick(PolicyState.HOLDING, reason, chunk=chunk)

    def _request(self, now_ns: int) -> bool:
        """Start a prediction from the newest matched set; False if there is none that is new and fresh."""
        matched = self.sync.newest_set()
        if matched is None or matched.stamp_ns <= self._submitted_ns:
            return False
        if now_ns - matched.stamp_ns > self.layout.streams[0].timeout_ns:
            return False
        self._worker.submit(matched, now_ns)
        self.scheduler.request(now_ns)
        self._submitted_ns = matched.stamp_ns
        return True

    def _collect(self, now_ns: int) -> ActionChunk | None:
        prediction = self._worker.poll(now_ns)
        if prediction is None:
            return None
        self._failure = prediction.failure
        self.counts.faults.update(prediction.faults)
        if prediction.chunk is None:
            self.scheduler.abandon()
            return None
        self.scheduler.add(prediction.chunk, now_ns)
        self.counts.chunks += 1
        self.last_chunk = prediction.chunk
        return prediction.chunk

    def _why_nothing_is_due(self) -> str:
        if self._failure:
            return self._failure
        if self.sync.newest_set() is None:
            return "no set of messages matches: the streams' stamps are further apart than slop_s"
        if self.counts.chunks == 0:
            return "waiting for the first chunk"
        return "starved: the next chunk is late"
