"""The last gate between policy and wire: a command that is not provably inside its limits does not pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from vita_policy_node.motion_limits import Motion, MotionLimiter, MotionLimits
from vita_policy_node.plausibility import named
from vita_policy_node.workspace import Workspace

Vector = NDArray[np.float64]

COMMAND_MEMORY_NS = 500_000_000
"""A command older than this no longer tells where the arm is; steps are then counted from the measured pose."""


OVERSHOOT = 0.1
"""A policy that knows a gripper as 0 to 1 says 1.003 now and then. It is clamped, but no hit is counted for less than
this share of ``max_step``: it would hide the limits that do change a motion."""

ROUNDING = 1e-9
"""So near the end of its range a joint only creeps, for it must always be able to brake; that is no hit."""


@dataclass(frozen=True, eq=False)
class JointLimits:
    """Limits of each element of a command, [A] each: names, lowest, highest, largest change from tick to tick.

    Units are the joints' own: rad, gripper ratios. ``max_step`` is positive except for a joint that cannot move.
    ``motion`` is None where no joint has a limit of velocity or acceleration, ``workspace`` where nobody looks at it.
    """

    names: tuple[str, ...]
    position_min: Vector
    position_max: Vector
    max_step: Vector
    motion: MotionLimits | None = None
    workspace: Workspace | None = None


@dataclass(frozen=True, eq=False)
class SentCommand:
    """A command that went out: float64 [A] at ``stamp_ns`` on a clock that never jumps.

    ``motion`` is how it moved; None when that is unknown or the arm has come to rest since.
    """

    values: Vector
    stamp_ns: int
    motion: Motion | None = None


@dataclass(frozen=True, eq=False)
class Verdict:
    """What may be sent.

    Attributes:
        command: float64 [A], inside all limits; None means hold: send nothing.
        hits: one text for each rule that changed the action by more than ``OVERSHOOT``, or stopped it:
            "position: elbow_joint".
        reason: why nothing may be sent, empty when ``command`` is given.
        lagging: nothing may be sent because the arm does not follow.
        warnings: one text for each thing to tell that changed nothing: "workspace: elbow_joint".
        motion: how the command moves, for ``SentCommand``; None where no joint has a limit of motion.
    """

    command: Vector | None
    hits: tuple[str, ...] = ()
    reason: str = ""
    lagging: bool = False
    warnings: tuple[str, ...] = ()
    motion: Motion | None = None


class SafetyGate:
    """Checks, in this order: finite, names and width, position, step, motion, lag, workspace.

    Written so that a comparison with NaN fails closed: values pass when they are proven inside, not when they are
    not proven outside. The gate is pure; it does not remember. It is no safety-rated stop.
    """

    def __init__(self, limits: JointLimits, mode: str = "clamp", max_lag_steps: float = 15.0) -> None:
        """Keep the rules.

        Args:
            limits: of each joint.
            mode: "clamp" moves a value to its limit, "hold" sends nothing instead.
            max_lag_steps: how many largest steps a command may be away from the measured pose.
        """
        self._limits = limits
        self._clamps = mode == "clamp"
        self._max_lag = max_lag_steps * limits.max_step
        motion = limits.motion
        self._limiter = MotionLimiter(motion, limits.position_min, limits.position_max) if motion else None

    def check(
        self,
        action: NDArray[np.floating],
        names: Sequence[str],
        measured: Vector | None,
        last: SentCommand | None,
        now_ns: int,
    ) -> Verdict:
        """Judge one action.

        Args:
            action: [A] in robot units.
            names: what its elements are.
            measured: the newest measured pose [A], in the order of the limits; None when unknown.
            last: the newest command sent; steps are counted from it while it is fresh, else from ``measured``.
            now_ns: now, on the clock of ``last``.
        """
        limits = self._limits
        values = np.asarray(action, dtype=np.float64)
        finite = np.isfinite(values)
        if not finite.all():
            where = named(names, ~finite) if values.shape == (len(names),) else ("action",)
            return _hold("finite", where, "the policy's action is not finite")
        if tuple(names) != limits.names or values.shape != (len(limits.names),):
            return _hold("names", ("action",), "the policy's action does not have the names or width of the robot")
        start = self.start_from(measured, last, now_ns)
        if start is None or measured is None:
            return _hold("reference", ("measured pose",), "the measured pose is unknown or not finite")
        reference = start.values
        command = np.clip(values, limits.position_min, limits.position_max)
        # Whatever stops the whole command is counted, however small.
        moved_by_position = np.abs(values - command) > (OVERSHOOT * limits.max_step if self._clamps else 0.0)
        target = command
        limited = reference + np.clip(command - reference, -limits.max_step, limits.max_step)
        # Only where the step really is too large: reference + (command - reference) may differ in the last digit.
        moved_by_step = ~(np.abs(command - reference) <= limits.max_step)
        command = np.where(moved_by_step, limited, command)
        hits = _hits("position", limits.names, moved_by_position) + _hits("step", limits.names, moved_by_step)
        motion = None
        if self._limiter is not None:
            # It is told what is wanted and not what the step allows: the largest step is in its velocity limit.
            moved = self._limiter.limit(target, reference, start.motion, now_ns - start.stamp_ns)
            command = np.where(self._limiter.limited, moved.command, command)
            away = np.abs(target - moved.command) > (OVERSHOOT * limits.max_step if self._clamps else ROUNDING)
            hits += _hits("velocity", limits.names, moved.too_fast & away & ~moved_by_step)
            hits += _hits("acceleration", limits.names, moved.too_sudden & away & ~moved_by_step)
            motion = moved.motion
        if hits and not self._clamps:
            return Verdict(None, hits, "the policy's action is outside a limit")
        inside = (command >= limits.position_min) & (command <= limits.position_max)
        if not inside.all():
            outside = named(limits.names, ~inside)
            text = ", ".join(outside)
            return Verdict(
                None,
                (*hits, *(f"reach: {name}" for name in outside)),
                f"{text} cannot reach its position limits in one step; move it inside its limits by hand",
            )
        # A joint whose largest step is 0 never gets a command away from where it is.
        lags = ~(np.abs(command - measured) <= self._max_lag) & (limits.max_step > 0)
        if lags.any():
            names_lagging = named(limits.names, lags)
            return Verdict(
                None,
                (*hits, *(f"lag: {name}" for name in names_lagging)),
                f"the arm does not follow: {', '.join(names_lagging)} would be more than max_lag_steps away from the "
                "measured pose; check the controller, then stop and after a second start the policy",
                lagging=True,
            )
        warnings: tuple[str, ...] = ()
        if limits.workspace is not None:
            left = limits.workspace.left(command, measured)
            warnings = _hits("workspace", limits.names, left)
            if warnings and limits.workspace.holds:
                text = ", ".join(named(limits.names, left))
                reason = f"the policy's action leads {text} out of where its demonstrations were; reset or stop it"
                return Verdict(None, (*hits, *warnings), reason)
        return Verdict(command, hits, warnings=warnings, motion=motion)

    def start_from(self, measured: Vector | None, last: SentCommand | None, now_ns: int) -> SentCommand | None:
        """What the command counts from: the last one while it is fresh, else the measured pose at rest."""
        if not self._is_pose(measured):
            return None
        fresh = last is not None and 0 <= now_ns - last.stamp_ns <= COMMAND_MEMORY_NS
        start = last if last is not None and fresh else SentCommand(measured, now_ns)
        return start if self._is_pose(start.values) else None

    def _is_pose(self, values: Vector | None) -> TypeGuard[Vector]:
        return values is not None and values.shape == (len(self._limits.names),) and bool(np.isfinite(values).all())


def _hits(rule: str, names: Sequence[str], mask: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(f"{rule}: {name}" for name in named(names, mask))


def _hold(rule: str, where: tuple[str, ...], reason: str) -> Verdict:
    return Verdict(None, tuple(f"{rule}: {name}" for name in where), reason)
