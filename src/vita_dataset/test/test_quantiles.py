import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vita_dataset.quantiles import RunningQuantiles

PERCENTS = (1, 50, 99, 100)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), cuts=st.lists(st.integers(0, 300), max_size=5))
def test_exact_while_all_rows_fit(seed, cuts):
    rows = np.random.default_rng(seed).integers(-5, 6, (300, 3)).astype(np.float32)  # many equal values
    running = RunningQuantiles(3)
    for part in np.split(rows, sorted(cuts)):
        running.update(part)
    for percent in PERCENTS:
        expected = np.sort(rows, axis=0)[math.ceil(300 * percent / 100) - 1]
        np.testing.assert_array_equal(running.result(percent), expected)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), count=st.integers(1, 3000), order=st.sampled_from(["random", "rising", "falling"]))
def test_the_rank_stays_within_its_bound(seed, count, order):
    rows = 64
    values = np.random.default_rng(seed).permutation(count).astype(np.float64)[:, None]  # the value is its own rank
    if order != "random":
        values = np.sort(values, axis=0)[:: 1 if order == "rising" else -1]
    running = RunningQuantiles(1, rows)
    for part in np.array_split(values, 7):
        running.update(part)
    levels = max(0, math.ceil(math.log2(count / rows))) if count > rows else 0
    for percent in PERCENTS:
        wanted = math.ceil(count * percent / 100)
        assert abs(running.result(percent)[0] + 1 - wanted) <= levels * count / rows


def test_memory_does_not_grow_with_the_stream():
    running = RunningQuantiles(2, 64)
    for _ in range(200):
        running.update(np.zeros((500, 2)))
    assert sum(level.nbytes for level in running._levels) < 12 * 64 * 2 * 8 + 1
    np.testing.assert_array_equal(running.result(50), [0, 0])


def test_an_outlier_spoils_nothing():
    values = np.linspace(0, 1, 20_000)[:, None]
    values[7] = 1e12
    running = RunningQuantiles(1)
    running.update(values)
    assert running.result(99)[0] == pytest.approx(0.99, abs=2e-3)


def test_nothing_has_no_quantiles():
    with pytest.raises(ValueError, match="no rows"):
        RunningQuantiles(1).result(50)
