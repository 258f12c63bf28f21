"""Notices joints that do not move although they are commanded to."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vita_policy_node.plausibility import Finding, named

Vector = NDArray[np.float64]

ASKED_S = 0.066
LEAST_ASKED_RAD = 0.05
"""Commands must span the motion of so much time at the largest speed, and so much at least: more than friction and
play swallow."""

STILL_SHARE = 0.2
"""A joint stands still when it spans less than this share of that: more than its encoder's noise."""


@dataclass(frozen=True, eq=False)
class _Sent:
    command: Vector
    measured: Vector
    stamp_ns: int


class FollowCheck:
    """Remembers the commands and the poses measured with them for one window of time.

    A joint is stuck when its commands of the older half of the window span a motion and its measured positions of
    the whole window do not: it had half a window to react. Commands that rest, however far from the pose, ask for
    no motion, so an arm on its target, sagging below it or pressing against something is not stuck. Slow commands
    span too little within the window to judge. Once found, a stuck joint stays so until ``start``: with a pose that
    does not change, the next window would allow the next push.
    """

    def __init__(self, names: tuple[str, ...], speed_per_s: Vector, checked: NDArray[np.bool_], window_ns: int) -> None:
        """Keep the limits.

        Args:
            names: of the joints.
            speed_per_s: the largest speed of their commands [A], in their units.
            checked: which joints to look at [A]; a gripper may close on an object and rightly stop.
            window_ns: how long; 0 = no joint is ever stuck.
        """
        self._names = names
        self._asked = np.maximum(ASKED_S * speed_per_s, LEAST_ASKED_RAD)
        self._checked = checked & (speed_per_s > 0)
        self._window_ns = window_ns
        self.start()

    def start(self) -> None:
        """Forget the past, and that a joint was stuck."""
        self._sent: deque[_Sent] = deque()
        self.stuck: Finding | None = None

    def check(self, command: Vector, measured: Vector, now_ns: int) -> Finding | None:
        """Judge one command before it is sent, and remember it.

        Args:
            command: [A] in the order of ``names``.
            measured: the newest measured pose [A], same order.
            now_ns: on a clock that never jumps.
        """
        if not self._window_ns:
            return None
        sent = self._sent
        if sent and now_ns - sent[-1].stamp_ns > self._window_ns // 2:
            # Nobody knows what moved the arm while nothing was sent.
            sent.clear()
        sent.append(_Sent(command, measured, now_ns))
        # The newest one that is a window old stays: where the window begins.
        while len(sent) > 1 and sent[1].stamp_ns <= now_ns - self._window_ns:
            sent.popleft()
        if now_ns - sent[0].stamp_ns < self._window_ns:
            return None
        older = [item.command for item in sent if item.stamp_ns <= now_ns - self._window_ns // 2]
        asked = np.ptp(older, axis=0)
        moved = np.ptp([item.measured for item in sent], axis=0)
        stuck = self._checked & (asked > self._asked) & (moved < STILL_SHARE * self._asked)
        if stuck.any():
            names = named(self._names, stuck)
            self.stuck = Finding(
                f"{', '.join(names)} does not move although commanded; check brakes, obstacles and the controller, "
                "then stop and start the policy",
                tuple(f"stuck: {name}" for name in names),
            )
        return self.stuck
