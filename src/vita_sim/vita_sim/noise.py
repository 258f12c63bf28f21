"""Disturbances that a demonstration is executed with, so that the expert shows how to correct them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class ExecutionNoise:
    """Noise on executed commands that wanders: first-order autoregressive, each element on its own.

    Laskey et al. 2017, "DART: Noise injection for robust imitation learning": the expert's answer is recorded, the
    disturbed one is executed.

    Args:
        scale: standard deviation of each element [A], 0 = undisturbed.
        memory: correlation from one command to the next, 0 to below 1.
        rng: source of randomness.
    """

    def __init__(self, scale: NDArray[np.float64], memory: float, rng: np.random.Generator) -> None:
        self._scale = scale
        self._memory = memory
        self._rng = rng
        self._value = rng.normal(0.0, scale)

    def step(self) -> NDArray[np.float64]:
        """The disturbance of the next command [A]."""
        fresh = self._rng.normal(0.0, self._scale)
        self._value = self._memory * self._value + np.sqrt(1 - self._memory**2) * fresh
        return self._value
