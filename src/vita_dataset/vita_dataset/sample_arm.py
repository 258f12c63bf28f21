"""The arm of the sample dataset: six joints and a gripper, its kinematics, and one demonstration of a grasp.

Proportions in metres are roughly those of a UR arm; the wrist keeps the tool pointing down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NAMES = (
    "shoulder_pan_joint",
    "shoulder_lift_joint",
    "elbow_joint",
    "wrist_1_joint",
    "wrist_2_joint",
    "wrist_3_joint",
    "gripper",
)
SHOULDER_HEIGHT_M = 0.18
UPPER_ARM_M = 0.45
FOREARM_M = 0.42
TOOL_M = 0.14
OPEN, CLOSED = 1.0, 0.25
HOME = (0.38, 0.0, 0.36)
ABOVE_M = 0.12
GRASP_HEIGHT_M = 0.03
LIFT_M = 0.2
TILT = 0.25
"""How much wrist_2 leans with the yaw, so that every joint moves; too little to show in the drawing."""

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Demonstration:
    """One grasp of a target.

    Attributes:
        plan: float64 [n, 7], where the arm shall be at each step: six angles [rad] and the gripper ratio (1 = open).
        target: (x, y) of the target on the table [m].
        yaw: its rotation about the vertical [rad].
        grasped_at: the first step at which the gripper holds it.
    """

    plan: Vector
    target: tuple[float, float]
    yaw: float
    grasped_at: int


def solve(x: float, y: float, z: float, yaw: float, gripper: float) -> Vector:
    """Joint positions [7] that put the tool's tip at (x, y, z) [m] pointing down, turned by yaw [rad].

    Law of cosines for the two links in the vertical plane of the pan angle; elbow up.
    """
    pan = np.arctan2(y, x)
    reach, height = np.hypot(x, y), z + TOOL_M - SHOULDER_HEIGHT_M
    distance = min(np.hypot(reach, height), 0.999 * (UPPER_ARM_M + FOREARM_M))
    bend = np.arccos((UPPER_ARM_M**2 + FOREARM_M**2 - distance**2) / (2 * UPPER_ARM_M * FOREARM_M))
    inner = np.arccos((UPPER_ARM_M**2 + distance**2 - FOREARM_M**2) / (2 * UPPER_ARM_M * distance))
    lift = -(np.arctan2(height, reach) + inner)
    elbow = np.pi - bend
    tilt = TILT * yaw
    return np.array([pan, lift, elbow, -np.pi / 2 - lift - elbow, -np.pi / 2 + tilt, yaw - pan, gripper])


def skeleton(joints: Vector) -> Vector:
    """Points [5, 3] in metres along the arm: base, shoulder, elbow, wrist, tool tip. Inverse of ``solve``."""
    pan, lift, elbow = joints[:3]
    outward = np.array([np.cos(pan), np.sin(pan), 0.0])
    up = np.array([0.0, 0.0, 1.0])
    shoulder = SHOULDER_HEIGHT_M * up
    elbow_point = shoulder + UPPER_ARM_M * (np.cos(-lift) * outward + np.sin(-lift) * up)
    wrist = elbow_point + FOREARM_M * (np.cos(-lift - elbow) * outward + np.sin(-lift - elbow) * up)
    return np.stack([np.zeros(3), shoulder, elbow_point, wrist, wrist - TOOL_M * up])


def demonstrate(rng: np.random.Generator, steps: int) -> Demonstration:
    """Reach a target at a random place, grasp and lift it, in minimum-jerk moves.

    Args:
        rng: chooses target and start.
        steps: length of the episode, at least 10.
    """
    x, y = rng.uniform(0.34, 0.62), rng.uniform(-0.24, 0.24)
    yaw = rng.uniform(-0.6, 0.6)
    start_x, start_y, start_z = (np.array(HOME) + rng.uniform(-0.03, 0.03, 3)).tolist()
    poses = [
        solve(start_x, start_y, start_z, 0.0, OPEN),
        solve(x, y, GRASP_HEIGHT_M + ABOVE_M, yaw, OPEN),
        solve(x, y, GRASP_HEIGHT_M, yaw, OPEN),
        solve(x, y, GRASP_HEIGHT_M, yaw, CLOSED),
        solve(x, y, GRASP_HEIGHT_M + LIFT_M, yaw, CLOSED),
    ]
    ends = np.round(np.cumsum([0.4, 0.2, 0.12, 0.28]) * (steps - 1)).astype(int)
    plan = np.empty((steps, len(NAMES)))
    begin = 0
    for before, after, end in zip(poses[:-1], poses[1:], ends.tolist(), strict=True):
        share: Vector = np.linspace(0.0, 1.0, end - begin + 1, dtype=np.float64)[:, None]
        plan[begin : end + 1] = before + _minimum_jerk(share) * (after - before)
        begin = end
    return Demonstration(plan, (x, y), yaw, int(ends[2]))


def _minimum_jerk(share: Vector) -> Vector:
    """10 s^3 - 15 s^4 + 6 s^5: rests at both ends (Flash and Hogan 1985)."""
    return np.asarray(10 * share**3 - 15 * share**4 + 6 * share**5)
