"""The rules of an episode: seeds, end, time to success."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vita_dataset.errors import UsageError
from vita_sim.episode import FIRST_SEED, ROUNDING_NS, EpisodeRules, episode_seeds

S = 1_000_000_000


def test_seeds_follow_one_another_and_begin_beyond_demonstrations():
    assert list(episode_seeds(FIRST_SEED, 3)) == [1_000_000, 1_000_001, 1_000_002]


@pytest.mark.parametrize(("first", "episodes"), [(0, 0), (-1, 5), (0, -3)])
def test_no_episodes_no_evaluation(first, episodes):
    with pytest.raises(UsageError, match="at least 1 episode and a seed from 0"):
        episode_seeds(first, episodes)


@pytest.mark.parametrize("limit_s", [0, -1, float("nan"), float("inf"), 3601])
def test_the_time_limit_is_a_time(limit_s):
    with pytest.raises(UsageError, match="time limit"):
        EpisodeRules(limit_s)


@settings(deadline=None)
@given(st.floats(0.1, 100), st.integers(0, 200 * S), st.integers(0, 200 * S))
def test_an_episode_ends_once_and_a_late_success_is_none(limit_s, elapsed_ns, succeeded_ns):
    rules = EpisodeRules(limit_s)
    time_s = rules.time_to_success_s(succeeded_ns)
    assert time_s is None or time_s <= limit_s
    assert (time_s is None) == (succeeded_ns > limit_s * 1e9)
    assert rules.is_over(elapsed_ns, None) == (elapsed_ns >= limit_s * 1e9 - ROUNDING_NS)
    if rules.is_over(elapsed_ns, succeeded_ns):
        assert rules.is_over(elapsed_ns + S, succeeded_ns)
    if time_s is not None:
        assert not rules.is_over(succeeded_ns, succeeded_ns)  # the film shows it
        assert rules.is_over(succeeded_ns + S, succeeded_ns)


def test_whole_periods_fill_the_time_limit():
    period_ns = round(1e9 / 30)
    assert not EpisodeRules(15.0).is_over(449 * period_ns, None)
    assert EpisodeRules(15.0).is_over(450 * period_ns, None)
