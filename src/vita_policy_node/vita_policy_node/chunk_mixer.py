"""What an action is made of: the newest chunk alone, or with it the chunks before."""

from __future__ import annotations

from typing import Protocol

from vita_policy_node.chunk_actions import Action, action_at
from vita_train.policy.observation import ActionChunk


class ChunkMixer(Protocol):
    """Remembers the chunks that the scheduler took over and says what they mean together for a time.

    With one chunk all mixers say the same: that chunk's own action. What is remembered is bounded.
    """

    def take(self, chunk: ActionChunk, now_ns: int) -> None:
        """Add a chunk, newer than all before, that is taken over now."""
        ...

    def action(self, now_ns: int) -> Action:
        """The action for a time, float32 [A]. There is at least one chunk, and time does not go back."""
        ...

    def clear(self) -> None:
        """Forget all chunks."""
        ...


class NewestChunk:
    """The newest chunk alone."""

    def __init__(self) -> None:
        self._chunk: ActionChunk | None = None

    def take(self, chunk: ActionChunk, now_ns: int) -> None:  # noqa: ARG002
        """See ``ChunkMixer``."""
        self._chunk = chunk

    def action(self, now_ns: int) -> Action:
        """See ``ChunkMixer``."""
        if self._chunk is None:
            raise RuntimeError("asked for an action before the first chunk")
        return action_at(self._chunk, now_ns)

    def clear(self) -> None:
        """See ``ChunkMixer``."""
        self._chunk = None
