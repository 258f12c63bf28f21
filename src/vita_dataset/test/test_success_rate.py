"""The interval around a success rate."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vita_dataset.success_rate import wilson_interval


@st.composite
def counts(draw):
    episodes = draw(st.integers(1, 10_000))
    return draw(st.integers(0, episodes)), episodes


@settings(deadline=None)
@given(counts())
def test_the_interval_holds_the_rate_and_stays_a_rate(count):
    successes, episodes = count
    low, high = wilson_interval(successes, episodes)
    assert 0 <= low <= successes / episodes <= high <= 1
    assert high - low < 1


@settings(deadline=None)
@given(counts(), st.integers(2, 50))
def test_more_episodes_of_the_same_rate_narrow_it(count, times):
    successes, episodes = count
    low, high = wilson_interval(successes, episodes)
    closer_low, closer_high = wilson_interval(times * successes, times * episodes)
    assert closer_high - closer_low < high - low
    assert low <= closer_low + 1e-12
    assert closer_high <= high + 1e-12


@settings(deadline=None)
@given(counts())
def test_failures_mirror_successes(count):
    successes, episodes = count
    low, high = wilson_interval(successes, episodes)
    assert wilson_interval(episodes - successes, episodes) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@settings(deadline=None)
@given(counts(), st.floats(0.5, 0.9), st.floats(0.91, 0.999))
def test_more_confidence_widens_it(count, less, more):
    narrow, wide = wilson_interval(*count, less), wilson_interval(*count, more)
    assert wide[0] <= narrow[0]
    assert narrow[1] <= wide[1]


def test_known_values():
    # 40 of 50: the worked-out formula, p = 0.8, z = 1.96.
    assert wilson_interval(40, 50) == pytest.approx((0.6696, 0.8876), abs=1e-4)
    assert wilson_interval(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson_interval(10, 10)[1] == 1.0


@pytest.mark.parametrize("count", [(0, 0), (-1, 5), (6, 5)])
def test_no_rate_no_interval(count):
    with pytest.raises(ValueError, match="make no rate"):
        wilson_interval(*count)
