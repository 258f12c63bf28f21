"""What the comparison says about its trials."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.comparison.chunk_error import ChunkError
from benchmarks.comparison.closed_loop import Episode
from benchmarks.comparison.fit import Training
from benchmarks.comparison.summary import Duel, sign_test, summarise
from benchmarks.comparison.trial import Trial


def trial(seed, outcomes, executed=0.1):
    """One with starts 0, 1, ...; a success in start i came after i + 1 seconds."""
    episodes = tuple(Episode(start, start + 1.0 if success else None) for start, success in enumerate(outcomes))
    return Trial("some", seed, Training(60.0, 0.5), ChunkError(executed, 2 * executed, 0.4), episodes)


def test_a_summary_counts_all_episodes_and_each_training():
    found = summarise([trial(0, [1, 1, 0, 0]), trial(1, [1, 1, 1, 0], executed=0.3)], base=None)
    assert (found.rate.successes, found.rate.episodes, found.rate.rate) == (5, 8, 0.625)
    # Wilson 1927 with z = 1.96: (5 + z²/2 ± z sqrt(5 * 3 / 8 + z²/4)) / (8 + z²)
    assert (found.rate.low, found.rate.high) == pytest.approx((0.306, 0.863), abs=1e-3)
    assert [each.successes for each in found.rates] == [2, 3]
    assert found.time_s == 2.0
    assert found.executed == pytest.approx(0.2)
    assert found.duel is None


def test_without_a_success_there_is_no_time():
    assert summarise([trial(0, [0, 0])], base=None).time_s is None


def test_a_duel_counts_starts_that_only_one_managed():
    base = [trial(0, [1, 0, 1, 1]), trial(1, [0, 0, 0, 0])]
    assert Duel.of([trial(0, [1, 1, 0, 0]), trial(1, [0, 0, 1, 0])], base) == Duel(2, 2, 1.0)


def test_a_duel_leaves_out_what_only_one_has_tried():
    assert Duel.of([trial(0, [1]), trial(1, [1])], [trial(1, [0])]) == Duel(1, 0, 1.0)


@pytest.mark.parametrize(("won", "lost", "p"), [(0, 0, 1.0), (0, 5, 0.0625), (10, 0, 2 / 1024), (8, 2, 0.109375)])
def test_sign_test(won, lost, p):
    assert sign_test(won, lost) == pytest.approx(p)


@given(st.integers(0, 300), st.integers(0, 300))
def test_the_sign_test_gives_a_chance_and_takes_no_side(won, lost):
    assert 0 < sign_test(won, lost) <= 1
    assert sign_test(won, lost) == sign_test(lost, won)
