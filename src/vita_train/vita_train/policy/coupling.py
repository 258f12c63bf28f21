"""Exact optimal transport between two batches of the same size.

With equal weights the cheapest plan is a permutation (Birkhoff), so it is found as an assignment problem with shortest
augmenting paths (Jonker & Volgenant 1987), n^3 at worst.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def optimal_pairs(source: Tensor, target: Tensor) -> Tensor:
    """Pair each source with one target so that the summed squared distances are least.

    Args:
        source: [B, Z].
        target: [B, Z].

    Returns:
        int64 [B] on the source's device: the target of each source, each target once. Computed on the CPU.
    """
    cost = torch.cdist(source.detach().double().cpu(), target.detach().double().cpu()).square().numpy()
    return torch.from_numpy(assign(cost)).to(source.device)


def assign(cost: NDArray[np.float64]) -> NDArray[np.int64]:
    """The column of each row of a square cost matrix [n, n] such that the sum of the chosen costs is least."""
    n = len(cost)
    row_price, column_price = np.zeros(n), np.zeros(n)
    column_of, row_of = np.full(n, -1, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    for start in range(n):
        # Dijkstra from the unassigned row `start` to the nearest free column, on costs reduced by the prices.
        distance, previous = np.full(n, np.inf), np.full(n, start, dtype=np.int64)
        done = np.zeros(n, dtype=bool)
        row, reached, column = start, 0.0, -1
        while row >= 0:
            through = reached + cost[row] - row_price[row] - column_price
            better = ~done & (through < distance)
            distance[better], previous[better] = through[better], row
            column = int(np.argmin(np.where(done, np.inf, distance)))
            reached = float(distance[column])
            done[column] = True
            row = int(row_of[column])
        # New prices keep every reduced cost at or above 0, and at 0 for assigned pairs.
        gain, assigned = reached - distance[done], row_of[done]
        column_price[done] -= gain
        row_price[assigned[assigned >= 0]] += gain[assigned >= 0]
        row_price[start] += reached
        # Walk back along the path; each row on it takes the column that it reached.
        while row != start:
            row = int(previous[column])
            row_of[column] = row
            column_of[row], column = column, int(column_of[row])
    return column_of
