"""How many steps the action runs ahead of the state, for each joint: the delay of robot, controller and recorder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.episode import EpisodeTable
from vita_dataset.spec import DatasetSpec, VectorSpec

WINDOW_S = 1.0
MOST_LAGS = 40
LEAST_STEPS = 20
ALIKE = 0.7
"""Correlation below which the action is not taken for a position that the state follows."""
TIED = 1.1
"""Lags that leave up to a tenth more unexplained than the best one fit as well as it does."""
WIDEST_TIE = 4
STILL = 1e-6
"""[robot units] Standard deviation below which an element does not move."""
ROUNDING = 1e-12


@dataclass(frozen=True)
class Offset:
    """How one element of the action fits the state of the same name.

    Attributes:
        name: the action's element.
        steps: the action of step t fits the state of step t + steps best; None when that cannot be told.
        correlation: of action and state at the best offset, -1 to 1; None where one of them does not move.
        between: the least and the largest offset that fit nearly as well; None where none fits.
        reason: why ``steps`` is None, else empty.
    """

    name: str
    steps: int | None
    correlation: float | None = None
    between: tuple[int, int] | None = None
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "steps": self.steps,
            "correlation": self.correlation,
            "between": None if self.between is None else list(self.between),
            "reason": self.reason,
        }


def pairs(state: VectorSpec, action: VectorSpec) -> dict[int, int]:
    """Which state element each action element commands: by name, else by place where both have as many elements."""
    if state.names is not None and action.names is not None:
        named = {element: state.names.index(name) for element, name in enumerate(action.names) if name in state.names}
        if named:
            return named
    return {element: element for element in range(action.dim)} if state.dim == action.dim else {}


class ActionOffsets:
    """Correlates action and state over a window of lags, episode by episode; holds a few sums for each lag."""

    def __init__(self, spec: DatasetSpec) -> None:
        """Start for datasets of one description."""
        self._names = spec.action.labels
        self._pairs = pairs(spec.state, spec.action)
        self.window = int(np.clip(round(WINDOW_S * spec.fps), 2, MOST_LAGS))
        self._lags = range(-self.window, self.window + 1)
        # For each lag: count, sums of action, state, action squared, state squared, and their product.
        self._sums = np.zeros((len(self._lags), 6, len(self._pairs)))
        self._origin: NDArray[np.float64] | None = None

    def add(self, table: EpisodeTable) -> None:
        """Add an episode. Numbers that are not finite take no part."""
        if not self._pairs:
            return
        action = table.action[:, list(self._pairs)].astype(np.float64)
        state = table.state[:, list(self._pairs.values())].astype(np.float64)
        if self._origin is None:  # keeps the sums small beside the motion, whatever the units
            self._origin = np.nan_to_num(np.stack([action[0], state[0]]), posinf=0.0, neginf=0.0)
        known = (np.isfinite(action), np.isfinite(state))
        action = np.where(known[0], action - self._origin[0], 0.0)
        state = np.where(known[1], state - self._origin[1], 0.0)
        weights = (known[0].astype(np.float64), known[1].astype(np.float64))
        squares = (action**2, state**2)
        steps = len(table)
        for row, lag in enumerate(self._lags):
            if abs(lag) >= steps:
                continue
            a, s = slice(max(0, -lag), steps - max(0, lag)), slice(max(0, lag), steps - max(0, -lag))
            for column, (left, right) in enumerate(
                (
                    (weights[0], weights[1]),
                    (action, weights[1]),
                    (weights[0], state),
                    (squares[0], weights[1]),
                    (weights[0], squares[1]),
                    (action, state),
                )
            ):
                self._sums[row, column] += np.einsum("ij,ij->j", left[a], right[s])

    def result(self) -> tuple[Offset, ...]:
        """One for each element of the action, in its order."""
        columns = {element: column for column, element in enumerate(self._pairs)}
        return tuple(
            self._judge(name, self._sums[:, :, columns[element]])
            if element in columns
            else Offset(name, None, reason="the state has no element of this name")
            for element, name in enumerate(self._names)
        )

    def _judge(self, name: str, sums: NDArray[np.float64]) -> Offset:
        count = sums[:, 0]
        usable = count >= max(LEAST_STEPS, count.max() / 2)
        if not usable[self.window]:
            return Offset(name, None, reason=f"fewer than {LEAST_STEPS} steps")
        means = sums[:, 1:] / np.maximum(count, 1)[:, None]
        spread = means[:, 2:4] - means[:, 0:2] ** 2
        if (spread[self.window] <= STILL**2).any():
            return Offset(name, None, reason="it does not move")
        product = np.sqrt(np.maximum(spread, STILL**2)).prod(axis=1)
        correlation = np.where(usable, (means[:, 4] - means[:, 0] * means[:, 1]) / product, -1.0)
        best = int(correlation.argmax())
        highest = float(min(1.0, correlation[best]))
        if highest < ALIKE:
            return Offset(name, None, highest, reason="action and state are not alike: a velocity or a difference?")
        tied = np.flatnonzero(1 - correlation <= TIED * (1 - highest) + ROUNDING)
        low, high = self._lags[int(tied[0])], self._lags[int(tied[-1])]
        if not 0 < best < len(correlation) - 1 or not (usable[best - 1] and usable[best + 1]):
            return Offset(name, None, highest, (low, high), f"it is {abs(self._lags[best])} steps or more")
        if high - low > WIDEST_TIE:
            return Offset(name, None, highest, (low, high), "it moves too slowly")
        return Offset(name, self._lags[best], highest, (low, high))
