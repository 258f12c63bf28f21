from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from vita_train.policy.observation_history import ObservationHistory

PERIOD_NS = 1000


@dataclass(frozen=True)
class Seen:
    stamp_ns: int
    number: int = 0


def stamps(history: ObservationHistory[Seen]) -> list[int]:
    return [seen.stamp_ns for seen in history.window()]


def filled(horizon: int, times: list[int]) -> ObservationHistory[Seen]:
    history = ObservationHistory[Seen](horizon, PERIOD_NS)
    for time in times:
        history.push(Seen(time))
    return history


horizons = st.integers(1, 6)
# Steps between observations from a hundredth of a period to a few periods.
gaps = st.lists(st.integers(10, 4 * PERIOD_NS), max_size=60)


@given(horizons, st.integers(-(10**15), 10**15), gaps)
def test_each_is_the_nearest_to_its_time_of_all_that_ever_came(horizon: int, first: int, steps: list[int]) -> None:
    times = [first + sum(steps[:count]) for count in range(len(steps) + 1)]
    chosen = stamps(filled(horizon, times))
    assert len(chosen) == horizon
    assert chosen[-1] == times[-1]
    assert chosen == sorted(chosen)
    for back, stamp in enumerate(reversed(chosen)):
        wanted = times[-1] - back * PERIOD_NS
        assert abs(stamp - wanted) == min(abs(time - wanted) for time in times)


@given(horizons, st.integers(1, 100))
def test_at_the_rate_of_training_they_are_the_last_ones_and_the_first_repeats(horizon: int, count: int) -> None:
    chosen = stamps(filled(horizon, [step * PERIOD_NS for step in range(count)]))
    assert chosen == [max(0, count - 1 - back) * PERIOD_NS for back in reversed(range(horizon))]


@given(horizons, st.integers(1, PERIOD_NS))
def test_what_it_keeps_spans_the_horizon_however_fast_it_is_fed(horizon: int, gap: int) -> None:
    history = filled(horizon, list(range(0, 20 * PERIOD_NS, gap)))
    assert len(history._kept) <= (horizon - 1) * PERIOD_NS / gap + 2


@given(horizons, gaps, st.integers(1, 10**9))
def test_a_jump_back_in_time_leaves_no_past(horizon: int, steps: list[int], jump: int) -> None:
    history = filled(horizon, [sum(steps[:count]) for count in range(len(steps) + 1)])
    again = sum(steps) - jump
    history.push(Seen(again))
    assert stamps(history) == [again] * horizon


def test_one_that_looks_at_the_present_keeps_nothing_else() -> None:
    history = filled(1, [0, 10, 20])
    assert stamps(history) == [20]
    assert len(history._kept) == 1


def test_of_two_equally_near_the_older_is_chosen() -> None:
    # A camera of half the rate: that the present repeats would say that nothing moved.
    assert stamps(filled(3, [0, 2000, 4000])) == [2000, 2000, 4000]


def test_after_a_gap_the_present_repeats_rather_than_what_was_long_ago() -> None:
    assert stamps(filled(3, [0, 1000, 60_000])) == [60_000] * 3


def test_the_same_time_again_replaces() -> None:
    history = filled(2, [0, 1000])
    history.push(Seen(1000, number=7))
    assert history.window() == (Seen(0), Seen(1000, number=7))


def test_it_begins_and_is_cleared_to_nothing() -> None:
    history = filled(2, [])
    assert history.window() == ()
    history.push(Seen(5))
    history.clear()
    assert history.window() == ()
    history.push(Seen(3))
    assert stamps(history) == [3, 3]
