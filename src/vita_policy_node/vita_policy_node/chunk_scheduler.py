"""Which predicted action is due now: chunks are executed at their own time, their latency compensated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vita_policy_node.chunk_actions import step_at
from vita_policy_node.chunk_mixer import ChunkMixer, NewestChunk
from vita_policy_node.latency_window import LatencyWindow
from vita_train.policy.observation import ActionChunk


@dataclass(frozen=True, eq=False)
class DueAction:
    """The action for this tick.

    Attributes:
        action: float32 [A] for exactly this time, robot units: between two predicted actions, a straight line.
        names: what its elements are; empty where the checkpoint does not say.
        step: the index in the newest chunk of the action nearest to it.
        chunk_stamp_ns: the time of the observation that the newest chunk was predicted from.
    """

    action: NDArray[np.float32]
    names: tuple[str, ...]
    step: int
    chunk_stamp_ns: int


class ChunkScheduler:
    """Executes chunks, and knows when the next one must be asked for.

    Action i of a chunk belongs to the time ``stamp + i * period``. A chunk arrives late by the latency of camera and
    model; the steps whose time has passed by then are dropped, and execution begins at the step whose time is
    nearest to now. A newer chunk takes over at once; what is left of the older ones is the mixer's business.

    The tick's phase against the cameras is arbitrary and differs from one start to the next. So a tick between two
    actions gets what lies between them: taking the nearest would send it up to half a period early or late, which at
    10 Hz made the same policy faster or slower by several percent from start to start. Ticks may be as many as one
    likes to a step.

    A chunk is executed for at most ``action_horizon`` steps from the first one used, as far as the prediction
    reaches. After that the scheduler has nothing due (starvation) until the next chunk. Where that takes longer than
    a step, the next one begins alone: the arm has not followed the older ones any further.

    The next chunk is to take over after ``replan_steps``. So that it is there in time while the model keeps its pace,
    ``needs_chunk`` asks for it as many steps ahead as 95 % of the newest predictions took from request to arrival.
    """

    def __init__(self, action_horizon: int, replan_steps: int | None = None, mixer: ChunkMixer | None = None) -> None:
        """Begins without chunks.

        Args:
            action_horizon: steps of a chunk that are executed at most.
            replan_steps: steps of a chunk after which the next is to take over; None = ``action_horizon``.
            mixer: what an action is made of; None = the newest chunk alone.
        """
        if action_horizon < 1:
            raise ValueError(f"action_horizon must be 1 or more, but is {action_horizon}")
        self._replan_steps = action_horizon if replan_steps is None else replan_steps
        if not 1 <= self._replan_steps <= action_horizon:
            raise ValueError(f"replan_steps must be 1 to {action_horizon}, but is {replan_steps}")
        self._action_horizon = action_horizon
        self._mixer: ChunkMixer = mixer or NewestChunk()
        self._latency = LatencyWindow()
        self._chunk: ActionChunk | None = None
        self._first = 0
        self._requested_ns: int | None = None
        self.dropped_steps = 0
        self.late_chunks = 0

    def request(self, now_ns: int) -> None:
        """A prediction was started now; ``needs_chunk`` stays False until it arrives or ``abandon``."""
        self._requested_ns = now_ns

    def abandon(self) -> None:
        """The started prediction will never arrive."""
        self._requested_ns = None

    def add(self, chunk: ActionChunk, now_ns: int) -> bool:
        """Take a chunk over; returns False if it is too late to be of any use or not newer than the one in use."""
        if self._requested_ns is not None:
            self._latency.add(now_ns - self._requested_ns)
            self._requested_ns = None
        step = step_at(chunk, now_ns)
        if step >= len(chunk.actions):
            self.late_chunks += 1
            return False
        current = self._chunk
        if current is not None and chunk.stamp_ns <= current.stamp_ns:
            return False
        if current is not None and step_at(current, now_ns) > self._end(current):
            self._mixer.clear()
        self._chunk, self._first = chunk, max(0, step)
        self.dropped_steps += self._first
        self._mixer.take(chunk, now_ns)
        return True

    def due(self, now_ns: int) -> DueAction | None:
        """The action for a tick at ``now_ns``; None when starved or when the chunk lies in the future."""
        chunk = self._chunk
        if chunk is None:
            return None
        step = step_at(chunk, now_ns)
        if step < 0:
            return None
        if step >= self._end(chunk):
            return None
        return DueAction(self._mixer.action(now_ns), chunk.names, step, chunk.stamp_ns)

    def needs_chunk(self, now_ns: int) -> bool:
        """Whether the next prediction should start now."""
        if self._requested_ns is not None:
            return False
        chunk = self._chunk
        if chunk is None:
            return True
        lead = -(-self._latency.p95_ns // chunk.period_ns)
        return min(self._end(chunk), self._first + self._replan_steps) - step_at(chunk, now_ns) <= lead

    def remaining(self, now_ns: int) -> int:
        """Actions of the newest chunk that are still to come, 0 or more."""
        if self._chunk is None:
            return 0
        return max(0, self._end(self._chunk) - max(0, step_at(self._chunk, now_ns) + 1))

    def reset(self) -> None:
        """Forget all chunks and any request; measured latencies stay, they belong to the machine."""
        self._chunk = None
        self._first = 0
        self._requested_ns = None
        self._mixer.clear()

    def reset_counts(self) -> None:
        """Start counting anew."""
        self.dropped_steps = 0
        self.late_chunks = 0

    def _end(self, chunk: ActionChunk) -> int:
        """One past the last step of the newest chunk to execute."""
        return min(len(chunk.actions), self._first + self._action_horizon)
