"""Velocity and acceleration limits of commands, such that every command leaves room to come to rest in the range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class MotionLimits:
    """How fast and how suddenly commands may move, [A] each in the joints' units per s and per s²; inf = unlimited.

    Attributes:
        max_velocity: largest speed. Where either limit of a joint is finite, its largest step per ``period_ns`` is
            included here: a step limit that is narrower than the last speed could not be kept without a jolt.
        max_acceleration: largest change of the speed per second.
        period_ns: time between two ticks. Each command is due that long after it was sent, so no more time than that
            counts for one motion.
    """

    max_velocity: Vector
    max_acceleration: Vector
    period_ns: int

    @classmethod
    def within_steps(
        cls, max_velocity: Vector, max_acceleration: Vector, max_step: Vector, period_ns: int
    ) -> MotionLimits | None:
        """The limits of joints that also have a ``max_step``; None where no joint has any other."""
        limited = np.isfinite(max_velocity) | np.isfinite(max_acceleration)
        if not limited.any():
            return None
        velocity = np.where(limited, np.minimum(max_velocity, max_step / (period_ns / 1e9)), np.inf)
        return cls(velocity, max_acceleration, period_ns)


@dataclass(frozen=True, eq=False)
class Motion:
    """How a command moved: float64 [A] each, its speed per second and what it was to reach."""

    velocity: Vector
    target: Vector


@dataclass(frozen=True, eq=False)
class LimitedMotion:
    """A command [A] within the limits, how it moves, and the joints that asked for more speed or acceleration."""

    command: Vector
    motion: Motion
    too_fast: Mask
    too_sudden: Mask


class MotionLimiter:
    """Moves commands towards targets within the limits.

    Between two ticks the speed changes by at most a·dt. A speed v towards the end of the range is allowed only if
    v²/2a still fits before it: braking by a·dt a tick needs no more than that, whatever the lengths of the ticks, so
    the end is never overrun and the next tick always has a command that keeps all limits.

    A target is followed at its own speed, as a policy's actions ask for, and caught up with such that the command
    comes to rest on it: one that was aimed at in full acceleration would be overshot again and again.
    """

    def __init__(self, limits: MotionLimits, position_min: Vector, position_max: Vector) -> None:
        """Keep the limits, and the range of positions [A] each; ``limited`` [A] tells which joints they bind."""
        self._limits = limits
        self._low = position_min
        self._high = position_max
        self.limited = np.isfinite(limits.max_velocity) | np.isfinite(limits.max_acceleration)

    def limit(self, target: Vector, start: Vector, motion: Motion | None, elapsed_ns: int) -> LimitedMotion:
        """The command nearest to what ``target`` asks for.

        Args:
            target: float64 [A], finite and inside the position range.
            start: the command sent last, or the pose of an arm that got none, [A].
            motion: of the command sent last; None when the arm has been at rest since.
            elapsed_ns: since then, 0 or more; more than a period means that the arm has come to rest.
        """
        period_ns = self._limits.period_ns
        if motion is None or elapsed_ns > period_ns:
            motion = Motion(np.zeros_like(start), target)
            elapsed_ns = period_ns
        nothing = np.zeros(len(start), dtype=np.bool_)
        if elapsed_ns <= 0:
            return LimitedMotion(np.where(self.limited, start, target), motion, nothing, nothing)
        seconds = elapsed_ns / 1e9
        change = self._limits.max_acceleration * seconds
        wanted = (target - start) / seconds
        followed = self._followed(target, start, motion, seconds)
        low = np.maximum(-self._limits.max_velocity, motion.velocity - change)
        high = np.minimum(self._limits.max_velocity, motion.velocity + change)
        low = np.maximum(low, -self._stoppable(start - self._low, seconds))
        high = np.minimum(high, self._stoppable(self._high - start, seconds))
        velocity = np.where(self.limited, np.clip(followed, low, high), wanted)
        changed = velocity != wanted
        # An arm that stands outside its range may come nearer to it, rounding never leads out of it.
        moved = np.clip(start + velocity * seconds, np.minimum(start, self._low), np.maximum(start, self._high))
        too_fast = changed & ~(np.abs(wanted) <= self._limits.max_velocity)
        return LimitedMotion(np.where(changed, moved, target), Motion(velocity, target), too_fast, changed & ~too_fast)

    def _followed(self, target: Vector, start: Vector, motion: Motion, seconds: float) -> Vector:
        """The speed that keeps to the target, or catches up with it without leading past it."""
        behind = motion.target - start
        catching = behind / seconds
        own = (target - motion.target) / seconds
        change = self._limits.max_acceleration * seconds
        # What can be stopped in one tick needs no distance to brake.
        most = np.maximum(self._stoppable(np.abs(behind), seconds), np.minimum(np.abs(catching), change))
        keeps = np.abs(catching) <= most
        return np.where(keeps, (target - start) / seconds, own + np.clip(catching, -most, most))

    def _stoppable(self, room: Vector, seconds: float) -> Vector:
        """The largest speed v with v·dt + v²/2a <= room; room/dt where the acceleration is unlimited."""
        room = np.maximum(room, 0.0)
        return 2.0 * room / (seconds + np.sqrt(seconds**2 + 2.0 * room / self._limits.max_acceleration))
