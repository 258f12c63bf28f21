"""Two arms, one bar: lift it level."""

from __future__ import annotations

import mujoco
import numpy as np

ARMS = ("right_", "left_")
"""The arm at the bar's end towards -y, then the one at its other end: the order of the policy's vector."""

BAR = "bar"
BAR_HALF_M = 0.015
"""Half its height and width; its length, 0.4 m, lies along its own y."""

PLACE_X_M = (0.38, 0.5)
PLACE_Y_M = (-0.06, 0.06)
YAW_RAD = (-0.35, 0.35)

LIFTED_M = 0.1
"""How high the bar's centre must be above where it rests."""

LEVEL_RAD = np.deg2rad(10.0)
"""How far the bar may be tilted at most."""


class BarTask:
    """The bar lies at a random place and yaw; both hands must hold it ``LIFTED_M`` above the table, level."""

    def place(self, model: mujoco.MjModel, data: mujoco.MjData, rng: np.random.Generator) -> None:
        """See ``Task``."""
        yaw = rng.uniform(*YAW_RAD)
        at = (rng.uniform(*PLACE_X_M), rng.uniform(*PLACE_Y_M), BAR_HALF_M)
        address = model.joint(BAR).qposadr[0]
        data.qpos[address : address + 7] = (*at, np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2))

    def is_reached(self, model: mujoco.MjModel, data: mujoco.MjData) -> bool:
        """See ``Task``. That each hand touches the bar is asked for, because one hand in its middle lifts it too."""
        bar = data.body(BAR)
        if bar.xpos[2] <= BAR_HALF_M + LIFTED_M or abs(tilt_rad(data)) >= LEVEL_RAD:
            return False
        bodies = model.geom_bodyid[data.contact.geom]
        touching = set(bodies[(bodies == bar.id).any(axis=1)].flatten().tolist())
        return all(touching & {model.body(arm + finger).id for finger in ("finger_one", "finger_two")} for arm in ARMS)


def tilt_rad(data: mujoco.MjData) -> float:
    """The angle between the bar and the horizontal [rad], positive when its left end is the higher one."""
    return float(np.arcsin(np.clip(data.body(BAR).xmat[7], -1.0, 1.0)))
