"""A cross-fade from each chunk to the next."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vita_policy_node.chunk_actions import Action, Mask, mix
from vita_train.policy.observation import ActionChunk


@dataclass(frozen=True, eq=False)
class _Faded:
    """A chunk and the time since which it fades in."""

    chunk: ActionChunk
    since_ns: int


class ChunkBlend:
    """A ``ChunkMixer``: when a chunk takes over, its share grows from 0 to 1 over ``blend_steps`` steps of its own.

    Both chunks are read at the tick's own time, so where they agree nothing changes, and where they do not, the
    action moves by 1/``blend_steps`` of the difference a step instead of all of it at once. The old chunk fades out
    along what it predicts beyond the steps that are executed, and along its last action where that ends.

    A chunk that comes before a fade has ended fades in over the mixture. One that comes within a step of the one
    before takes that one's place in its fade, which is then worth at most 1/``blend_steps``: so fades lie a step
    apart, and no more chunks are kept than ``blend_steps`` and two.
    """

    def __init__(self, blend_steps: int, mixes: Mask) -> None:
        """Keep the length of a fade, at least 1 step, and which elements [A] fade."""
        self._blend_steps = blend_steps
        self._mixes = mixes
        self._faded: deque[_Faded] = deque()

    def take(self, chunk: ActionChunk, now_ns: int) -> None:
        """See ``ChunkMixer``."""
        since_ns = now_ns
        if len(self._faded) > 1 and now_ns - self._faded[-1].since_ns < chunk.period_ns:
            since_ns = self._faded.pop().since_ns
        self._faded.append(_Faded(chunk, since_ns))
        self._drop_gone(now_ns)

    def action(self, now_ns: int) -> Action:
        """See ``ChunkMixer``."""
        self._drop_gone(now_ns)
        return mix([item.chunk for item in self._faded], self.weights(now_ns), self._mixes, now_ns)

    def weights(self, now_ns: int) -> NDArray[np.float64]:
        """The part of each chunk in the action, the oldest first: float64 [n], sum 1."""
        shares = np.array([self._share(item, now_ns) for item in self._faded])
        shares[0] = 1.0
        # A chunk has its share of what those that came after it leave.
        left = np.cumprod(1.0 - shares[:0:-1])[::-1]
        return np.asarray(shares * np.append(left, 1.0), dtype=np.float64)

    def clear(self) -> None:
        """See ``ChunkMixer``."""
        self._faded.clear()

    def _share(self, item: _Faded, now_ns: int) -> float:
        return min(max(0.0, (now_ns - item.since_ns) / (self._blend_steps * item.chunk.period_ns)), 1.0)

    def _drop_gone(self, now_ns: int) -> None:
        """Forget what has faded out: nothing of it, not even a NaN times zero, may be left."""
        while len(self._faded) > 1 and self._share(self._faded[1], now_ns) >= 1.0:
            self._faded.popleft()
