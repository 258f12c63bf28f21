from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from vita_train.policy.assignment import assign

SMALL = st.integers(1, 6).flatmap(lambda n: arrays(np.float64, (n, n), elements=st.floats(-5, 5)))
# Few different costs: every choice is a tie, which is where prices and paths go wrong.
TIES = st.integers(1, 6).flatmap(lambda n: arrays(np.float64, (n, n), elements=st.integers(0, 2).map(float)))


@settings(deadline=None, max_examples=100)
@given(st.one_of(SMALL, TIES))
def test_it_is_the_cheapest_permutation(cost: NDArray[np.float64]) -> None:
    n = len(cost)
    chosen = assign(cost)
    assert sorted(chosen) == list(range(n))
    best = min(cost[range(n), order].sum() for order in itertools.permutations(range(n)))
    assert cost[range(n), chosen].sum() == pytest.approx(best, abs=1e-9)


@settings(deadline=None, max_examples=25)
@given(st.integers(10, 60), st.integers(0, 9999), st.booleans())
def test_no_cycle_of_swaps_makes_a_large_one_cheaper(n: int, seed: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    cost = rng.integers(0, 4, (n, n)).astype(np.float64) if ties else rng.normal(size=(n, n)) * 100
    chosen = assign(cost)
    assert sorted(chosen) == list(range(n))
    # A permutation is the cheapest exactly if handing columns on in a circle never saves anything: shortest ways
    # between all pairs of rows (Floyd & Warshall), of which none leads home at a gain.
    saved = cost[:, chosen] - cost[range(n), chosen][:, None]
    for middle in range(n):
        saved = np.minimum(saved, saved[:, middle, None] + saved[None, middle])
    assert saved.diagonal().min() > -1e-7


def test_costs_stay_as_they_are() -> None:
    cost = np.random.default_rng(0).normal(size=(30, 30))
    before = cost.copy()
    assign(cost)
    np.testing.assert_array_equal(cost, before)
