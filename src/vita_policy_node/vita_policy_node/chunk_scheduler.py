"""Which predicted action is due now: open-loop execution of chunks with their latency compensated."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vita_train.policy.observation import ActionChunk


@dataclass(frozen=True, eq=False)
class DueAction:
    """The action for this tick.

    Attributes:
        action: float32 [A] for exactly this time, robot units: between two predicted actions, a straight line.
        names: what its elements are; empty where the checkpoint does not say.
        step: the index in the chunk of the action nearest to it.
        chunk_stamp_ns: the time of the observation that the chunk was predicted from.
    """

    action: NDArray[np.float32]
    names: tuple[str, ...]
    step: int
    chunk_stamp_ns: int


class ChunkScheduler:
    """Executes chunks open loop.

    Action i of a chunk belongs to the time ``stamp + i * period``. A chunk arrives late by the latency of camera and
    model; the steps whose time has passed by then are dropped, and execution begins at the step whose time is
    nearest to now. A newer chunk replaces the older one at once.

    The tick's phase against the cameras is arbitrary and differs from one start to the next. So a tick between two
    actions gets what lies between them: taking the nearest would send it up to half a period early or late, which at
    10 Hz made the same policy faster or slower by several percent from start to start.

    A chunk is executed for at most ``action_horizon`` steps from the first one used, as far as the prediction
    reaches. After that the scheduler has nothing due (starvation) until the next chunk. So that it never starves
    while the model keeps its pace, ``needs_chunk`` asks for the next one as many steps ahead of the end as the
    slowest of the last ``_MEMORY`` predictions took from request to arrival.
    """

    _MEMORY = 8

    def __init__(self, action_horizon: int) -> None:
        if action_horizon < 1:
            raise ValueError(f"action_horizon must be 1 or more, but is {action_horizon}")
        self._action_horizon = action_horizon
        self._chunk: ActionChunk | None = None
        self._first: int | None = None
        self._requested_ns: int | None = None
        self._delays_ns: deque[int] = deque(maxlen=self._MEMORY)
        self.dropped_steps = 0
        self.late_chunks = 0

    def request(self, now_ns: int) -> None:
        """A prediction was started now; ``needs_chunk`` stays False until it arrives or ``abandon``."""
        self._requested_ns = now_ns

    def abandon(self) -> None:
        """The started prediction will never arrive."""
        self._requested_ns = None

    def add(self, chunk: ActionChunk, now_ns: int) -> bool:
        """Take a chunk over; returns False if it is too late to be of any use or older than the one in use."""
        if self._requested_ns is not None:
            self._delays_ns.append(max(0, now_ns - self._requested_ns))
            self._requested_ns = None
        if self._step(chunk, now_ns) >= len(chunk.actions):
            self.late_chunks += 1
            return False
        if self._chunk is not None and chunk.stamp_ns < self._chunk.stamp_ns:
            return False
        self._chunk = chunk
        self._first = None
        return True

    def due(self, now_ns: int) -> DueAction | None:
        """The action for a tick at ``now_ns``; None when starved or when the chunk lies in the future."""
        chunk = self._chunk
        if chunk is None:
            return None
        step = self._step(chunk, now_ns)
        if step < 0:
            return None
        if self._first is None:
            self._first = step
            self.dropped_steps += step
        if step >= self._end(chunk):
            return None
        return DueAction(_action_at(chunk, now_ns), chunk.names, step, chunk.stamp_ns)

    def needs_chunk(self, now_ns: int) -> bool:
        """Whether the next prediction should start now."""
        if self._requested_ns is not None:
            return False
        chunk = self._chunk
        if chunk is None:
            return True
        slowest = max(self._delays_ns, default=0)
        lead = -(-slowest // chunk.period_ns)
        return self._end(chunk) - self._step(chunk, now_ns) <= lead

    def remaining(self, now_ns: int) -> int:
        """Actions of the current chunk that are still to come, 0 or more."""
        if self._chunk is None:
            return 0
        return max(0, self._end(self._chunk) - max(0, self._step(self._chunk, now_ns) + 1))

    def reset(self) -> None:
        """Forget the chunk and any request; measured delays stay, they belong to the machine."""
        self._chunk = None
        self._first = None
        self._requested_ns = None

    def reset_counts(self) -> None:
        """Start counting anew."""
        self.dropped_steps = 0
        self.late_chunks = 0

    def _end(self, chunk: ActionChunk) -> int:
        """One past the last step to execute."""
        first = 0 if self._first is None else self._first
        return min(len(chunk.actions), first + self._action_horizon)

    @staticmethod
    def _step(chunk: ActionChunk, now_ns: int) -> int:
        """The step whose time is nearest to now; negative before the chunk begins."""
        return (now_ns - chunk.stamp_ns + chunk.period_ns // 2) // chunk.period_ns


def _action_at(chunk: ActionChunk, now_ns: int) -> NDArray[np.float32]:
    """The prediction for a time, float32 [A]: linear between its actions, the first before them and the last after."""
    last = len(chunk.actions) - 1
    place = min(max(0.0, (now_ns - chunk.stamp_ns) / chunk.period_ns), float(last))
    before = min(int(place), max(0, last - 1))
    share = np.float32(place - before)
    after = chunk.actions[min(before + 1, last)]
    return np.asarray((1 - share) * chunk.actions[before] + share * after, dtype=np.float32)
