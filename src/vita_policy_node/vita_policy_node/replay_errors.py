"""How far commands are from what the robot was commanded in the recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_policy_node.motion_metrics import correlation

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Errors:
    """Errors of n commands against the recorded actions.

    Attributes:
        count: n.
        mae: float64 [A], mean absolute error of each joint, in its unit.
        rmse: float64 [A], root mean square error of each joint, in its unit.
        correlation: float64 [A], Pearson's, of each joint's commands with its recorded actions; NaN where one rests.
        normalised: mean over the joints that move of mae / range of the recorded action; NaN when none moves.
    """

    count: int
    mae: NDArray[np.float64]
    rmse: NDArray[np.float64]
    correlation: NDArray[np.float64]
    normalised: float

    @classmethod
    def of(cls, commands: Matrix, recorded: Matrix, span: Vector, moves: NDArray[np.bool_]) -> Errors:
        """Args: commands and recorded [n, A]; span [A], each joint's range over the recording; moves [A]."""
        if len(commands) == 0:
            nothing = np.full(len(span), np.nan)
            return cls(0, nothing, nothing, nothing, float("nan"))
        difference = commands - recorded
        mae = np.abs(difference).mean(axis=0)
        normalised = float((mae[moves] / span[moves]).mean()) if moves.any() else float("nan")
        rmse = np.sqrt((difference**2).mean(axis=0))
        return cls(len(commands), mae, rmse, correlation(commands, recorded), normalised)

    def to_dict(self) -> dict[str, Any]:
        """Overall figures as plain JSON types; NaN becomes None."""
        return {
            "compared": self.count,
            "mae": number(self.mae.mean()),
            "rmse": number(self.rmse.mean()),
            "mae_over_range": number(self.normalised),
        }


def number(value: float | np.floating) -> float | None:
    """For JSON, which has no NaN: None instead."""
    return float(value) if np.isfinite(value) else None
