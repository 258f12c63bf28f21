"""The last gate between policy and wire: a command that is not provably inside its limits does not pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

COMMAND_MEMORY_NS = 500_000_000
"""A command older than this no longer tells where the arm is; steps are then counted from the measured pose."""


@dataclass(frozen=True, eq=False)
class JointLimits:
    """Limits of each element of a command, [A] each: names, lowest, highest, largest change from tick to tick.

    Units are the joints' own: rad, gripper ratios. ``max_step`` is positive except for a joint that cannot move.
    """

    names: tuple[str, ...]
    position_min: Vector
    position_max: Vector
    max_step: Vector


@dataclass(frozen=True, eq=False)
class SentCommand:
    """A command that went out: float64 [A] at ``stamp_ns`` on the node's clock."""

    values: Vector
    stamp_ns: int


@dataclass(frozen=True, eq=False)
class Verdict:
    """What may be sent.

    Attributes:
        command: float64 [A], inside all limits; None means hold: send nothing.
        hits: one text for each rule that changed or stopped the action, "position: elbow_joint".
        reason: why nothing may be sent, empty when ``command`` is given.
    """

    command: Vector | None
    hits: tuple[str, ...] = ()
    reason: str = ""


class SafetyGate:
    """Checks, in this order: finite, names and width, position, step.

    Written so that a comparison with NaN fails closed: values pass when they are proven inside, not when they are
    not proven outside. The gate is pure; it does not remember. It is no safety-rated stop.
    """

    def __init__(self, limits: JointLimits, mode: str = "clamp") -> None:
        """Args: limits of each joint; mode "clamp" moves a value to its limit, "hold" sends nothing instead."""
        self._limits = limits
        self._clamps = mode == "clamp"

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
            now_ns: the node's clock.
        """
        limits = self._limits
        values = np.asarray(action, dtype=np.float64)
        finite = np.isfinite(values)
        if not finite.all():
            where = _named(names, ~finite) if values.shape == (len(names),) else ("action",)
            return _hold("finite", where, "the policy's action is not finite")
        if tuple(names) != limits.names or values.shape != (len(limits.names),):
            return _hold("names", ("action",), "the policy's action does not have the names or width of the robot")
        reference = self._reference(measured, last, now_ns)
        if reference is None:
            return _hold("reference", ("measured pose",), "the measured pose is unknown or not finite")
        command = np.clip(values, limits.position_min, limits.position_max)
        moved_by_position = command != values
        limited = reference + np.clip(command - reference, -limits.max_step, limits.max_step)
        # Only where the step really is too large: reference + (command - reference) may differ in the last digit.
        moved_by_step = ~(np.abs(command - reference) <= limits.max_step)
        command = np.where(moved_by_step, limited, command)
        hits = _hits("position", limits.names, moved_by_position) + _hits("step", limits.names, moved_by_step)
        if hits and not self._clamps:
            return Verdict(None, hits, "the policy's action is outside a limit")
        inside = (command >= limits.position_min) & (command <= limits.position_max)
        if not inside.all():
            outside = _named(limits.names, ~inside)
            text = ", ".join(outside)
            return Verdict(
                None,
                (*hits, *(f"reach: {name}" for name in outside)),
                f"{text} cannot reach its position limits in one step; move it inside its limits by hand",
            )
        return Verdict(command, hits)

    def _reference(self, measured: Vector | None, last: SentCommand | None, now_ns: int) -> Vector | None:
        fresh = last is not None and 0 <= now_ns - last.stamp_ns <= COMMAND_MEMORY_NS
        reference = last.values if last is not None and fresh else measured
        shape = (len(self._limits.names),)
        if reference is None or reference.shape != shape or not np.isfinite(reference).all():
            return None
        return reference


def _named(names: Sequence[str], mask: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(name for name, hit in zip(names, mask, strict=True) if hit)


def _hits(rule: str, names: Sequence[str], mask: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(f"{rule}: {name}" for name in _named(names, mask))


def _hold(rule: str, where: tuple[str, ...], reason: str) -> Verdict:
    return Verdict(None, tuple(f"{rule}: {name}" for name in where), reason)
