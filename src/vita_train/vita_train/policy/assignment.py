"""The assignment problem: one column for each row of a square matrix, so that the chosen costs add up to the least.

After Jonker & Volgenant (1987): each column goes to the row that is cheapest for it, rows that went without bid for the
columns that they like best, and those still without find theirs over a shortest augmenting path. Columns have prices,
and whichever column a row has, none has a smaller cost minus price for it. That makes the result exact, however few
bids were made; they only save paths, which take most of the time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ROWS_PER_ROUND = 3
"""Rows of the matrix for one round of bids: about as many rounds as cost no more than the paths that they save."""


def assign(cost: NDArray[np.float64]) -> NDArray[np.int64]:
    """The cheapest permutation.

    Args:
        cost: finite numbers [n, n].

    Returns:
        [n], the column of each row.
    """
    assignment = _Assignment(cost)
    for _ in range(len(cost) // ROWS_PER_ROUND):
        if not assignment.bid():
            break
    for row in assignment.free_rows():
        assignment.augment(int(row))
    return assignment.column_of


class _Assignment:
    """Prices of columns, and who has whom: ``column_of`` rows and ``row_of`` columns, -1 for nobody."""

    def __init__(self, cost: NDArray[np.float64]) -> None:
        """Each column is given to the row that is cheapest for it, unless that row has one."""
        n = len(cost)
        self.cost, self.price = cost, cost.min(axis=0)
        self.column_of, self.row_of = np.full(n, -1, dtype=np.int64), np.full(n, -1, dtype=np.int64)
        rows, columns = np.unique(cost.argmin(axis=0), return_index=True)
        self.column_of[rows], self.row_of[columns] = columns, rows

    def free_rows(self) -> NDArray[np.int64]:
        return np.flatnonzero(self.column_of < 0)

    def bid(self) -> bool:
        """Every free row bids for the column it likes best; the highest bid gets it and sends its row away.

        A bid is what makes the second best column as good, so that the winner likes no other column better. No bid can
        be worth nothing for a column that is taken: two rows could then take turns for ever.

        Returns:
            Whether a column changed hands.
        """
        free = self.free_rows()
        if not len(free):
            return False
        reduced, each = self.cost[free] - self.price, np.arange(len(free))
        best = reduced.argmin(axis=1)
        least = reduced[each, best]
        reduced[each, best] = np.inf
        bids = reduced.min(axis=1) - least
        lowest_first = np.argsort(bids, kind="stable")
        highest = np.full(len(self.cost), -1)
        highest[best[lowest_first]] = lowest_first
        columns = np.flatnonzero(highest >= 0)
        winners = highest[columns]
        sold = (bids[winners] > 0) | (self.row_of[columns] < 0)
        columns, winners = columns[sold], winners[sold]
        sent_away = self.row_of[columns]
        self.column_of[sent_away[sent_away >= 0]] = -1
        self.column_of[free[winners]], self.row_of[columns] = columns, free[winners]
        self.price[columns] -= bids[winners]
        return len(columns) > 0

    def augment(self, start: int) -> None:
        """Find a column for a free row: Dijkstra to the nearest free one, over columns that others would give up."""
        n = len(self.cost)
        distance, previous = np.full(n, np.inf), np.full(n, start)
        price = self.price.copy()  # -inf for columns that have been reached, which no path need visit again
        reached: list[int] = []
        at: list[float] = []
        row, offset = start, 0.0
        while True:
            through = self.cost[row] - price + offset
            shorter = through < distance
            np.copyto(distance, through, where=shorter)
            previous[shorter] = row
            column = int(distance.argmin())
            length = float(distance[column])
            row = int(self.row_of[column])
            if row < 0:
                break
            reached.append(column)
            at.append(length)
            offset = length - float(self.cost[row, column] - self.price[column])
            distance[column], price[column] = np.inf, -np.inf
        # Columns on the way fall by what was saved on reaching them early: every row still has a best column.
        self.price[reached] += np.array(at) - length
        # Back along the path, each row takes the column that it reached.
        while row != start:
            row = int(previous[column])
            self.row_of[column] = row
            self.column_of[row], column = column, int(self.column_of[row])
