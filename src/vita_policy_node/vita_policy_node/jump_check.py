"""Notices measured positions that change faster than the arm can move."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_policy_node.contract import Layout
from vita_policy_node.conversions import joint_positions, stamp_ns
from vita_policy_node.plausibility import Finding, named

SPEED_FACTOR = 3.0
"""An arm that catches up with its commands may be faster than they are."""

SLACK_S = 0.1
"""A driver that stamps at arrival puts any stamp on a position; so much time of motion is forgiven."""

LEAST_SLACK_RAD = 0.05
"""Noise and motion by hand, which a small ``max_step`` does not shrink."""

QUIET_NS = 500_000_000
"""Nothing is sent until the positions have been plausible for so long."""

PENDING = 512
"""Messages kept from one check to the next; while nobody checks, the oldest go."""


@dataclass(frozen=True, eq=False)
class _Source:
    """The arm joints of one stream: their names in its messages, and where they are in the action."""

    joints: tuple[str, ...]
    rows: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class _Measured:
    """Positions [n] of a stream's arm joints at the stamp of their message."""

    positions: NDArray[np.float64]
    stamp_ns: int


class JumpCheck:
    """Compares each joint state with the one before it.

    Between two messages a joint may change by ``SPEED_FACTOR`` times the speed that its ``max_step`` allows, times
    the difference of the stamps, and by a slack on top. Time is that of the stamps: messages that arrive late or in
    batches keep it, and after a gap much may have changed. Grippers snap, so they are left out, and so are joints
    that never get a command.
    """

    def __init__(self, layout: Layout) -> None:
        limits = layout.limits
        self._names = limits.names
        self._most_per_s = SPEED_FACTOR * layout.speed_per_s
        self._slack = np.maximum(SLACK_S * layout.speed_per_s, LEAST_SLACK_RAD)
        self._sources: dict[int, _Source] = {}
        checked = layout.arm_joints & (limits.max_step > 0)
        for stream in sorted({joint.stream for joint in layout.pose}):
            rows = [row for row, joint in enumerate(layout.pose) if joint.stream == stream and checked[row]]
            if rows:
                joints = tuple(layout.pose[row].joint for row in rows)
                self._sources[stream] = _Source(joints, np.array(rows, dtype=np.intp))
        self._pending: deque[tuple[int, Any]] = deque(maxlen=PENDING)
        self.forget()

    def add(self, stream: int, message: Any) -> None:
        """Keep an accepted joint state for the next check. Decodes nothing."""
        self._pending.append((stream, message))

    def forget(self) -> None:
        """Begin anew: what came before is not compared with what comes."""
        self._pending.clear()
        self._last: dict[int, _Measured] = {}
        self._jumping = np.zeros(len(self._names), dtype=np.bool_)
        self._quiet_from_ns: int | None = None

    def check(self, now_ns: int) -> Finding | None:
        """Judge what came since the last check.

        Args:
            now_ns: on a clock that never jumps.
        """
        jumped = np.zeros(len(self._names), dtype=np.bool_)
        while self._pending:
            stream, message = self._pending.popleft()
            if stream in self._sources:
                self._compare(stream, message, jumped)
        if jumped.any():
            self._quiet_from_ns = now_ns + QUIET_NS
            self._jumping |= jumped
        if self._quiet_from_ns is None or now_ns >= self._quiet_from_ns:
            self._jumping[:] = False
            return None
        names = ", ".join(named(self._names, self._jumping))
        return Finding(
            f"the joint states of {names} jump further than the arm can move; check its driver and encoders",
            tuple(f"jump: {name}" for name in named(self._names, jumped)),
        )

    def _compare(self, stream: int, message: Any, jumped: NDArray[np.bool_]) -> None:
        source = self._sources[stream]
        try:
            measured = _Measured(joint_positions(message, source.joints), stamp_ns(message))
        except DataError:
            # Whoever needs the pose refuses the message with its reason; there is nothing to compare.
            return
        last = self._last.get(stream)
        self._last[stream] = measured
        if last is None:
            return
        rows = source.rows
        most = self._slack[rows] + self._most_per_s[rows] * ((measured.stamp_ns - last.stamp_ns) / 1e9)
        jumped[rows] |= ~(np.abs(measured.positions - last.positions) <= most)
