"""The mean of all chunks that predict a time, as in ACT."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from vita_policy_node.chunk_actions import Action, Mask, last_action_ns, mix
from vita_train.policy.observation import ActionChunk


def ensemble_weights(count: int, decay: float) -> NDArray[np.float64]:
    """The weights w_i = exp(-decay · i) of ACT (Zhao et al. 2023), i = 0 the oldest chunk; float64 [count], sum 1.

    So a larger decay trusts older predictions more, as ACT has it: a new one is taken in slowly. 0 weighs all alike,
    a negative decay prefers the newest.
    """
    exponents = -decay * np.arange(count)
    # The largest becomes 0: no decay, however large, overflows.
    weights = np.exp(exponents - exponents.max())
    return np.asarray(weights / weights.sum(), dtype=np.float64)


class TemporalEnsemble:
    """A ``ChunkMixer``: each time's action is the weighted mean of what all chunks predicted for that very time.

    A chunk counts for as long as its prediction reaches, and no more of them are kept than a chunk has actions: with a
    new chunk at every step that is all of them.
    """

    def __init__(self, decay: float, mixes: Mask) -> None:
        """Keep the decay of ``ensemble_weights``, and which elements [A] mix."""
        self._decay = decay
        self._mixes = mixes
        self._chunks: deque[ActionChunk] = deque()

    def take(self, chunk: ActionChunk, now_ns: int) -> None:
        """See ``ChunkMixer``."""
        self._chunks.append(chunk)
        while len(self._chunks) > len(chunk.actions):
            self._chunks.popleft()
        self._drop_passed(now_ns)

    def action(self, now_ns: int) -> Action:
        """See ``ChunkMixer``."""
        self._drop_passed(now_ns)
        return mix(self._chunks, ensemble_weights(len(self._chunks), self._decay), self._mixes, now_ns)

    def clear(self) -> None:
        """See ``ChunkMixer``."""
        self._chunks.clear()

    def _drop_passed(self, now_ns: int) -> None:
        """Forget what predicts nothing for now; the newest stays, its end is the scheduler's business."""
        while len(self._chunks) > 1 and now_ns > last_action_ns(self._chunks[0]):
            self._chunks.popleft()
