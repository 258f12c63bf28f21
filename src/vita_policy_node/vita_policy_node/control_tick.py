"""What the control loop says of one tick, and what it counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from vita_policy_node.chunk_scheduler import DueAction
from vita_train.policy.observation import ActionChunk

MOST_REASONS = 100
OTHER_REASONS = "other reasons"
"""Reasons to hold that are counted by their text. A broken driver can make a new text with each message."""


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
    """Since the last start: ticks held by reason; faults of the measurements, hits of the gate and warnings by name."""

    chunks: int = 0
    commands: int = 0
    limited: int = 0
    holds: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)

    def hold(self, reason: str) -> None:
        """Count a tick that sends nothing."""
        known = reason in self.holds or len(self.holds) < MOST_REASONS
        self.holds[reason if known else OTHER_REASONS] += 1
