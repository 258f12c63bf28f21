"""How far predicted chunks lie from the recorded actions, joint by joint, in the robot's units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

LEAST_MOVE = 1e-3
"""A joint moves when its recorded actions span more than this, in its unit."""


@dataclass(frozen=True, eq=False)
class ChunkErrors:
    """Mean absolute errors of predicted chunks, float64 [A] in each joint's unit.

    Steps beyond an episode's end do not count: nothing was recorded there.

    Attributes:
        chunk: over all actions of the chunks.
        executed: over those that are executed before the next chunk takes over (``action_horizon``).
    """

    chunk: Vector
    executed: Vector


class ErrorSum:
    """Adds up chunk errors over batches."""

    def __init__(self, action_dim: int, action_horizon: int) -> None:
        self._horizon = action_horizon
        self._sums = np.zeros((2, action_dim))
        self._counts = np.zeros(2)

    def add(self, predicted: NDArray[np.float32], recorded: NDArray[np.float32], is_pad: NDArray[np.bool_]) -> None:
        """Args: chunks [B, T, A] (or [B, 1, A], held) and [B, T, A] in robot units; is_pad [B, T], does not count."""
        counts = ~is_pad
        errors = np.abs(predicted.astype(np.float64) - recorded) * counts[:, :, None]
        for row, stop in enumerate((is_pad.shape[1], self._horizon)):
            self._sums[row] += errors[:, :stop].sum(axis=(0, 1))
            self._counts[row] += counts[:, :stop].sum()

    def result(self) -> ChunkErrors:
        """The means over everything added."""
        # A window begins at a recorded step, so with any window added both counts are above 0.
        chunk, executed = self._sums / self._counts[:, None]
        return ChunkErrors(chunk, executed)


@dataclass(frozen=True, eq=False)
class JointScale:
    """What the errors of different joints are compared by.

    Attributes:
        names: of the joints, in the order of the action.
        span: float64 [A], from the smallest to the largest recorded action, over the whole dataset.
    """

    names: tuple[str, ...]
    span: Vector

    def over_range(self, mae: Vector) -> float:
        """Mean over the joints that move of error / span, so that radians and gripper ratios weigh alike.

        Where no joint moves, the mean error itself.
        """
        moves = self.span > LEAST_MOVE
        return float((mae[moves] / self.span[moves]).mean() if moves.any() else mae.mean())


@dataclass(frozen=True, eq=False)
class Validation:
    """What a policy does on episodes that it was not trained on.

    Attributes:
        episodes: their numbers.
        windows: observations from which it predicted: every step of these episodes.
        action_horizon: actions of a chunk that are executed.
        joints: names and ranges.
        policy: errors of the policy.
        hold: errors of holding the pose instead, the least that a policy must beat.
        hold_is: what was held.
        losses: the training losses by name, means over the windows.
    """

    episodes: tuple[int, ...]
    windows: int
    action_horizon: int
    joints: JointScale
    policy: ChunkErrors
    hold: ChunkErrors
    hold_is: str
    losses: Mapping[str, float]

    @property
    def score(self) -> float:
        """What the best step has least of: the executed part's error over the joints' ranges."""
        return self.joints.over_range(self.policy.executed)

    def metrics(self) -> dict[str, float]:
        """Flat names for loggers."""
        over_range = self.joints.over_range
        row = {f"val/{name}": value for name, value in self.losses.items()}
        row |= {
            "val/executed_mae_over_range": self.score,
            "val/chunk_mae_over_range": over_range(self.policy.chunk),
            "val/hold_executed_mae_over_range": over_range(self.hold.executed),
        }
        for part, values in (("executed", self.policy.executed), ("chunk", self.policy.chunk)):
            row |= {
                f"val/{part}_mae/{name}": float(value) for name, value in zip(self.joints.names, values, strict=True)
            }
        return row

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; what is not finite becomes None."""
        kinds = {"policy": self.policy, "hold": self.hold}
        return {
            "episodes": list(self.episodes),
            "windows": self.windows,
            "action_horizon": self.action_horizon,
            "hold": self.hold_is,
            "mae_over_range": {
                kind: {
                    "executed": _number(self.joints.over_range(errors.executed)),
                    "chunk": _number(self.joints.over_range(errors.chunk)),
                }
                for kind, errors in kinds.items()
            },
            "losses": {name: _number(value) for name, value in self.losses.items()},
            "joints": [
                {
                    "name": name,
                    "range": _number(self.joints.span[index]),
                    **{
                        f"{kind}_{part}_mae": _number(values[index])
                        for kind, errors in kinds.items()
                        for part, values in (("executed", errors.executed), ("chunk", errors.chunk))
                    },
                }
                for index, name in enumerate(self.joints.names)
            ],
        }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
