"""What all scripted experts do alike: how a hand comes to its grasp, how fast it goes, how it opens and closes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vita_sim.ik import ArmKinematics, pointing_down
from vita_sim.scene import JOINTS
from vita_sim.simulation import Simulation

Vector = NDArray[np.float64]

HOVER_M = 0.1
"""Height above the grasp while the gripper is not over it."""

FUNNEL_M = (0.008, 0.05)
"""Horizontal distance within which the gripper is all the way down, and beyond which it hovers."""

AT_GRASP_M = 0.012
"""The gripper closes when it is this near to the grasp. Closing moves it, so it stays closed three times as far."""

OPEN_RATIO = 0.9
"""Gripper ratio above which the gripper counts as open."""

SPEED_M_S = 0.45
JOINT_RAD_S = 1.2
GRIPPER_PER_S = 4.0
APPROACH_S = 0.2
"""Slows down near the goal: a remaining way d is walked at d / APPROACH_S."""


class Hand:
    """One arm's gripper. Remembers nothing: all it says follows from the arm's measured joints.

    Args:
        simulation: whose state is read, never changed.
        arm: which of the scene's arms.
        period_s: time from one command to the next [s].
    """

    def __init__(self, simulation: Simulation, arm: int, period_s: float) -> None:
        self._simulation = simulation
        width = len(JOINTS) + 1
        self._elements = slice(arm * width, (arm + 1) * width)
        self._kinematics = ArmKinematics(simulation.model, simulation.scene.arms[arm])
        self._period_s = period_s

    def measured(self) -> Vector:
        """Six angles [rad] and the gripper ratio [7]."""
        return self._simulation.positions()[self._elements]

    def is_at(self, grasp: Vector) -> bool:
        """Whether the gripper is where it may close on ``grasp``, a point in the world [3], or has closed there."""
        measured = self.measured()
        reach = AT_GRASP_M if measured[6] > OPEN_RATIO else 3 * AT_GRASP_M
        return float(np.linalg.norm(self._away(grasp, measured))) < reach

    def holds(self, grasp: Vector, held_ratio: float) -> bool:
        """Whether the fingers are as near to each other at ``grasp`` [3] as what lies there lets them be."""
        return self.is_at(grasp) and bool(self.measured()[6] <= held_ratio)

    def approach(self, grasp: Vector) -> Vector:
        """Where to go on the way to ``grasp`` [3]: above it, and down in a funnel."""
        away = self._away(grasp, self.measured())
        goal = grasp.copy()
        goal[2] += HOVER_M * _ramp(float(np.hypot(away[0], away[1])), *FUNNEL_M)
        return goal

    def command(self, goal: Vector, yaw: float, close: bool) -> Vector:
        """The next command [7], a step towards ``goal`` [3] with the gripper turned by ``yaw`` [rad]."""
        measured = self.measured()
        angles, ratio = measured[:6], float(measured[6])
        pace = min(SPEED_M_S, float(np.linalg.norm(self._away(goal, measured))) / APPROACH_S)
        angles = self._kinematics.step(
            angles, goal, pointing_down(yaw), pace * self._period_s, JOINT_RAD_S * self._period_s
        )
        change = GRIPPER_PER_S * self._period_s
        return np.append(angles, max(0.0, ratio - change) if close else min(1.0, ratio + change))

    def _away(self, point: Vector, measured: Vector) -> Vector:
        at, _ = self._kinematics.pose(measured[:6])
        return point - at


def _ramp(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))
