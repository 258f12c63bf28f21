"""What a scene asks of its arms."""

from __future__ import annotations

from typing import Protocol

import mujoco
import numpy as np


class Task(Protocol):
    """Places the objects at the start of an episode, and tells when they are where they should be."""

    def place(self, model: mujoco.MjModel, data: mujoco.MjData, rng: np.random.Generator) -> None:
        """Put the objects at random places."""
        ...

    def is_reached(self, model: mujoco.MjModel, data: mujoco.MjData) -> bool:
        """Whether the goal holds at this moment. Success is that it holds for ``Simulation.HOLD_S``."""
        ...
