"""What goes into the policy and what comes out, in robot units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Observation:
    """What the robot saw and measured at one moment.

    Attributes:
        stamp_ns: time of the observation, on the clock of its messages.
        images: camera key -> uint8 [H, W, 3] RGB at the size of the checkpoint's DatasetSpec (see ``fit_image``).
        state: float32 [S], in the order of the spec's state names, robot units.
    """

    stamp_ns: int
    images: Mapping[str, NDArray[np.uint8]]
    state: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ActionChunk:
    """T actions predicted from one observation.

    Attributes:
        stamp_ns: the observation's time; action i is due at stamp_ns + i * period_ns.
        period_ns: time between two actions.
        actions: float32 [T, A], robot units, in the order of ``names``.
        names: the spec's action names; empty where the recording has none.
        inference_ns: how long the prediction took.
    """

    stamp_ns: int
    period_ns: int
    actions: NDArray[np.float32]
    names: tuple[str, ...]
    inference_ns: int = 0
