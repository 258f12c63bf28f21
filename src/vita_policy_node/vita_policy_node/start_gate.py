"""Whether a policy may start: the arm stands where the demonstrations began, or is led there slowly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vita_dataset.stats import FeatureStats
from vita_policy_node.contract import Layout
from vita_policy_node.plausibility import named
from vita_policy_node.safety import ROUNDING
from vita_policy_node.safety_settings import SafetySettings

Vector = NDArray[np.float64]

ARRIVAL_NS = 2_000_000_000
"""So long after the last step of a ramp the arm must stand where it was led to."""


@dataclass(frozen=True, eq=False)
class StartPoses:
    """Where the demonstrations began: names and the range of each joint's position, [A] in the order of the action.

    ``checked`` bool [A] leaves out grippers: they may begin open or closed, and their unit is their own.
    """

    names: tuple[str, ...]
    low: Vector
    high: Vector
    checked: NDArray[np.bool_]

    @classmethod
    def of(cls, layout: Layout, first_states: FeatureStats) -> StartPoses:
        """From statistics of the episodes' first states, [S] in the order of the policy's state."""
        order = layout.state_order
        return cls(layout.limits.names, first_states.min[order], first_states.max[order], layout.arm_joints)

    def outside(self, pose: Vector, tolerance: float) -> str:
        """Which joints of a pose [A] lie outside by more than the tolerance, and how far; empty if none.

        A position that is not finite is outside.
        """
        fits = (pose >= self.low - tolerance) & (pose <= self.high + tolerance)
        wrong = self.checked & ~fits
        return ", ".join(
            f"{name} at {at:.3f} and not in {low:.3f} to {high:.3f}"
            for name, at, low, high in zip(
                named(self.names, wrong), pose[wrong], self.low[wrong], self.high[wrong], strict=True
            )
        )

    def nearest(self, pose: Vector) -> Vector:
        """The start pose [A] that is the least motion away; unchecked joints stay."""
        return np.where(self.checked, np.clip(pose, self.low, self.high), pose)


@dataclass(frozen=True, eq=False)
class StartAnswer:
    """What the gate says: go, or refuse with a reason, or else move to ``action`` [A]."""

    passed: bool = False
    refusal: str = ""
    action: Vector | None = None


class StartGate:
    """Asked at each tick from a start until it has let the policy pass, once for each start."""

    def __init__(self, poses: StartPoses, layout: Layout, settings: SafetySettings) -> None:
        """Keep the rules: where demonstrations began, how far a joint may go and how fast."""
        self._poses = poses
        self._limits = layout.limits
        self._ramps = settings.start_gate == "ramp"
        self._tolerance = settings.start_tolerance_rad
        period_s = layout.period_ns / 1e9
        step = np.minimum(settings.ramp_speed_rad_s, layout.speed_per_s) * period_s
        if layout.limits.motion is not None:
            # A ramp is so slow that it may begin and end from one tick to the next.
            step = np.minimum(step, layout.limits.motion.max_acceleration * period_s**2)
        self._step = step
        self.start()

    def start(self) -> None:
        """Begin anew."""
        self._goal: Vector | None = None
        self._arrived_ns: int | None = None

    def refusal(self, pose: Vector) -> str:
        """Why a policy may not start from this pose [A]; empty when it may or the arm can be led to a start pose."""
        outside = self._poses.outside(pose, self._tolerance)
        if not outside or self._ramps:
            return ""
        return (
            f"the arm does not stand where the demonstrations began: {outside}; move it there, or set start_gate to "
            "'ramp' or 'off'"
        )

    def check(self, pose: Vector, reached: Vector, now_ns: int) -> StartAnswer:
        """Judge one tick.

        Args:
            pose: the measured one, [A].
            reached: what was commanded last, or the pose when that is unknown, [A]: a ramp goes on from here.
            now_ns: on a clock that never jumps.
        """
        outside = self._poses.outside(pose, self._tolerance)
        if not self._ramps:
            return StartAnswer(passed=not outside, refusal=self.refusal(pose))
        if self._goal is None:
            if not outside:
                return StartAnswer(passed=True)
            nearest = self._poses.nearest(pose)
            self._goal = np.clip(nearest, self._limits.position_min, self._limits.position_max)
        action = ramp(reached, self._goal, self._step)
        if not (np.abs(action - reached) <= ROUNDING).all():
            self._arrived_ns = None
            return StartAnswer(action=action)
        if not outside:
            return StartAnswer(passed=True)
        if self._arrived_ns is None:
            self._arrived_ns = now_ns
        if now_ns - self._arrived_ns > ARRIVAL_NS:
            return StartAnswer(refusal=f"the ramp to the start poses ended with {outside}; look what holds the arm")
        return StartAnswer(action=action)


def ramp(reached: Vector, goal: Vector, step: Vector) -> Vector:
    """The next point [A] on the straight line in joint space to the goal; no joint moves further than its step."""
    way = goal - reached
    moves = way != 0
    if not moves.any():
        return goal
    share = float(np.min(step[moves] / np.abs(way[moves])))
    return goal if share >= 1 else reached + share * way
