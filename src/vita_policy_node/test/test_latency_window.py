from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vita_policy_node.latency_window import LatencyWindow


def window(*times_ns: int) -> LatencyWindow:
    made = LatencyWindow()
    for time_ns in times_ns:
        made.add(time_ns)
    return made


def test_nothing_is_known_before_the_first():
    assert window().p95_ns == 0


def test_the_largest_counts_until_twenty_are_known():
    assert window(*range(19)).p95_ns == 18


def test_one_slow_by_accident_does_not_count_and_two_in_twenty_do():
    assert window(*[10] * 19, 500).p95_ns == 10
    assert window(*[10] * 17, 300, 10, 500).p95_ns == 300


def test_what_is_older_than_twenty_is_forgotten():
    assert window(500, 500, *[10] * 20).p95_ns == 10


def test_a_clock_that_went_back_meanwhile_counts_as_nothing():
    assert window(-5).p95_ns == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=50))
def test_at_least_95_percent_of_the_newest_twenty_took_no_longer(times_ns):
    p95_ns = window(*times_ns).p95_ns
    newest = np.array(times_ns[-20:])
    assert p95_ns in newest
    assert (newest <= p95_ns).mean() >= 0.95
