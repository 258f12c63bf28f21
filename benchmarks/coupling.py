"""The pairs of `policy.flow_matcher.name=exact`: what they cost the CPU in each training step.

Latents of 512 numbers, of two kinds: without structure, and varying in 8 directions as those of a task do. Both sides
take turns: with the bids that spare most of the shortest paths, and without; both must find equally cheap pairs. Times
are those of one core.
Usage: coupling.py [--rounds R]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vita_train.policy import assignment
from vita_train.policy.assignment import assign

LATENT_DIM, DIRECTIONS = 512, 8
BATCHES = (64, 128, 512)

Costs = NDArray[np.float64]


def costs(batch: int, structured: bool, seed: int) -> Costs:
    """Squared distances of drawn latents, [batch, batch], less what every pairing has in common."""
    rng = np.random.default_rng(seed)
    directions = rng.normal(size=(DIRECTIONS, LATENT_DIM)) if structured else np.eye(LATENT_DIM)
    source, target = rng.normal(size=(2, batch, len(directions))) @ directions
    return np.asarray(-(source @ target.T))


def without_bids(cost: Costs) -> NDArray[np.int64]:
    """The same, every row by a shortest path."""
    usual = assignment.ROWS_PER_ROUND
    assignment.ROWS_PER_ROUND = len(cost) + 1
    try:
        return assign(cost)
    finally:
        assignment.ROWS_PER_ROUND = usual


def cpu_ms(solve: Callable[[Costs], NDArray[np.int64]], cost: Costs) -> tuple[float, float]:
    """CPU milliseconds, and the sum of the chosen costs."""
    start = time.process_time()
    chosen = solve(cost)
    return (time.process_time() - start) * 1e3, float(cost[range(len(cost)), chosen].sum())


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    for structured in (False, True):
        print("latents in 8 directions" if structured else "latents without structure")
        for batch in BATCHES:
            ours: list[float] = []
            plain: list[float] = []
            for seed in range(rounds):
                cost = costs(batch, structured, seed)
                (with_time, with_sum), (plain_time, plain_sum) = cpu_ms(assign, cost), cpu_ms(without_bids, cost)
                assert np.isclose(with_sum, plain_sum, rtol=1e-9)
                ours.append(with_time)
                plain.append(plain_time)
            first, second = statistics.median(ours), statistics.median(plain)
            print(f"  batch {batch:3}: {first:6.1f} ms, without bids {second:6.1f} ms, ratio {first / second:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
