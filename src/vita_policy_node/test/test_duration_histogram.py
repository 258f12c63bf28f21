from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vita_policy_node.duration_histogram import RESOLUTION, DurationHistogram

DURATIONS = st.lists(st.integers(1_000, 10**12), min_size=1, max_size=200)


@given(DURATIONS, st.floats(0.1, 100.0))
def test_a_percentile_is_the_nearest_rank_within_the_resolution(durations, percent):
    histogram = DurationHistogram()
    for duration in durations:
        histogram.add(duration)
    exact = np.percentile(durations, percent, method="inverted_cdf")
    assert histogram.percentile_ns(percent) == pytest.approx(exact, rel=RESOLUTION, abs=1)
    assert histogram.largest_ns == max(durations)


@pytest.mark.parametrize("duration", [-5, 0, 10**15])
def test_what_cannot_be_told_apart_is_counted_all_the_same(duration):
    histogram = DurationHistogram()
    histogram.add(duration)
    assert histogram.count == 1
    assert histogram.percentile_ns(50) <= max(0, duration)


def test_words():
    histogram = DurationHistogram()
    assert histogram.words(50) == "none"
    assert histogram.percentile_ns(50) == 0
    for milliseconds in (10, 20, 30):
        histogram.add(milliseconds * 1_000_000)
    assert histogram.words(50, 95) == "p50 20.0, p95 30.0, max 30.0 ms"
