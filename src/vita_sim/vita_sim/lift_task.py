"""One arm, one cube: lift it."""

from __future__ import annotations

import mujoco
import numpy as np

CUBE = "cube"
CUBE_HALF_M = 0.02
PLACE_X_M = (0.34, 0.54)
PLACE_Y_M = (-0.16, 0.16)
YAW_RAD = (-0.6, 0.6)
"""The fingers close along y at yaw 0; within this range each cube has one natural grasp."""

LIFTED_M = 0.1
"""How high the cube's centre must be above where it rests."""


class LiftTask:
    """The cube lies at a random place and yaw; it must be lifted by ``LIFTED_M``."""

    def place(self, model: mujoco.MjModel, data: mujoco.MjData, rng: np.random.Generator) -> None:
        """See ``Task``."""
        yaw = rng.uniform(*YAW_RAD)
        at = (rng.uniform(*PLACE_X_M), rng.uniform(*PLACE_Y_M), CUBE_HALF_M)
        address = model.joint(CUBE).qposadr[0]
        data.qpos[address : address + 7] = (*at, np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2))

    def is_reached(self, model: mujoco.MjModel, data: mujoco.MjData) -> bool:  # noqa: ARG002
        """See ``Task``."""
        return bool(data.body(CUBE).xpos[2] > CUBE_HALF_M + LIFTED_M)
