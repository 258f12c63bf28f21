"""Scripted expert of the bar scene: sees the bar's true pose, and answers to every state with the next command."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vita_sim.bar_task import BAR, BAR_HALF_M
from vita_sim.hand import Hand
from vita_sim.simulation import Simulation

Vector = NDArray[np.float64]

GRASP_M = 0.15
"""Distance of each grasp from the bar's centre: near its ends, the marks stay visible."""

HELD_RATIO = 0.5
"""Gripper ratio at or below which the fingers touch the bar: it holds them at about 0.4."""

LIFT_M = 0.16
LEAD_M = 0.06
"""How far the goal of both hands is above the bar's centre while they lift: the lower hand has the longer way."""

SIDES = ((-1.0, -np.pi / 2), (1.0, np.pi / 2))
"""For each arm: which end of the bar, and the gripper's yaw on it, which has the wrist camera look along the bar."""


class BarExpert:
    """Each hand reaches over its end of the bar, comes down, closes and waits for the other; then both lift.

    Like ``LiftExpert`` it has no phase counter. Nothing but the measured state passes between the arms: a hand waits
    while the other does not hold, and brings the bar back down when the other has lost it.

    Args:
        simulation: whose state is read, never changed.
        period_s: time from one command to the next [s].
    """

    def __init__(self, simulation: Simulation, period_s: float) -> None:
        self._data = simulation.data
        self._hands = [Hand(simulation, arm, period_s) for arm in range(len(SIDES))]

    def act(self) -> Vector:
        """The next command [14]: right arm, then left, six angles [rad] and the gripper ratio each."""
        bar = self._data.body(BAR)
        centre, along = np.array(bar.xpos), np.array(bar.xmat).reshape(3, 3)[:, 1]
        bar_yaw = float(np.arctan2(-along[0], along[1]))
        grasps = [centre + side * GRASP_M * along for side, _ in SIDES]
        held = [hand.holds(grasp, HELD_RATIO) for hand, grasp in zip(self._hands, grasps, strict=True)]
        height = BAR_HALF_M
        if all(held):
            height += min(LIFT_M, centre[2] - BAR_HALF_M + LEAD_M)
        commands = []
        for hand, grasp, holds, (_, yaw) in zip(self._hands, grasps, held, SIDES, strict=True):
            goal = np.array([grasp[0], grasp[1], height]) if holds else hand.approach(grasp)
            commands.append(hand.command(goal, bar_yaw + yaw, close=hand.is_at(grasp)))
        return np.concatenate(commands)
