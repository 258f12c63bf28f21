"""Scripted expert of the lift scene: sees the cube's true pose, and answers to every state with the next command."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vita_sim.hand import Hand
from vita_sim.lift_task import CUBE, CUBE_HALF_M
from vita_sim.simulation import Simulation

Vector = NDArray[np.float64]

HELD_RATIO = 0.62
"""Gripper ratio at or below which the fingers touch the cube: it holds them at about 0.53."""

LIFT_M = 0.18


class LiftExpert:
    """Reaches over the cube, comes down in a funnel, closes, lifts.

    The command depends on the measured state alone, with no phase counter: after a disturbance it does what is right
    from there, which is what a policy without memory can learn.

    Args:
        simulation: whose state is read, never changed.
        period_s: time from one command to the next [s].
    """

    def __init__(self, simulation: Simulation, period_s: float) -> None:
        self._data = simulation.data
        self._hand = Hand(simulation, 0, period_s)

    def act(self) -> Vector:
        """The next command [7]: six angles [rad] and the gripper ratio."""
        cube = self._data.body(CUBE)
        grasp = np.array(cube.xpos)
        if self._hand.holds(grasp, HELD_RATIO):
            goal = np.array([grasp[0], grasp[1], CUBE_HALF_M + LIFT_M])
        else:
            goal = self._hand.approach(grasp)
        return self._hand.command(goal, _yaw(np.array(cube.xmat).reshape(3, 3)), close=self._hand.is_at(grasp))


def _yaw(rotation: Vector) -> float:
    """The cube's rotation about the vertical [rad], the one of its four that is nearest to 0."""
    yaw = float(np.arctan2(rotation[1, 0], rotation[0, 0]))
    return (yaw + np.pi / 4) % (np.pi / 2) - np.pi / 4
