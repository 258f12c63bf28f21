"""Where the arm was while the policy learned: a command that leads out of there is told or not sent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vita_dataset.stats import FeatureStats

Vector = NDArray[np.float64]

LEAST_MARGIN_RAD = 0.05
"""A joint that hardly moved in the recordings may still differ by what calibration and gravity make of it."""


@dataclass(frozen=True, eq=False)
class Workspace:
    """The range of joint positions that training knows, float64 [A] in the order of the action, margin included.

    Attributes:
        low: below is outside.
        high: above is outside.
        checked: bool [A], which joints to look at; grippers have units of their own.
        holds: whether commands that lead out are not sent; else they are only told.
    """

    low: Vector
    high: Vector
    checked: NDArray[np.bool_]
    holds: bool

    @classmethod
    def known(
        cls,
        states: FeatureStats,
        first_states: FeatureStats | None,
        order: list[int],
        checked: NDArray[np.bool_],
        margin: float,
        holds: bool,
    ) -> Workspace | None:
        """The range between the 1 % and 99 % quantiles of the training states, and their start poses.

        Args:
            states: statistics of all training states [S].
            first_states: of those in which episodes begin; they may be rarer than 1 %.
            order: where each element of the action is in the state, [A].
            checked: bool [A].
            margin: so much of the range on either side is still inside, and ``LEAST_MARGIN_RAD`` at least.
            holds: see above.

        Returns:
            None where the statistics have no quantiles.
        """
        if states.q01 is None or states.q99 is None:
            return None
        low, high = states.q01, states.q99
        if first_states is not None:
            low, high = np.minimum(low, first_states.min), np.maximum(high, first_states.max)
        room = np.maximum(margin * (high - low), LEAST_MARGIN_RAD)
        return cls((low - room)[order], (high + room)[order], checked, holds)

    def left(self, command: Vector, measured: Vector) -> NDArray[np.bool_]:
        """Which joints the command [A] leads outside, bool [A]; the way back from outside, ``measured`` [A], is none.

        A position that is not finite is outside.
        """
        inside = (command >= self.low) & (command <= self.high)
        # How far outside, 0 inside; NaN compares false.
        beyond = [np.maximum(np.maximum(self.low - pose, pose - self.high), 0.0) for pose in (command, measured)]
        returns: NDArray[np.bool_] = beyond[0] < beyond[1]
        return self.checked & ~inside & ~returns
