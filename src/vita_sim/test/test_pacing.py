from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sim_support import REPEATABLE

from vita_sim.pacing import LONGEST_STRIDE_NS, WINDOW_NS, Pacer, Schedule

WAKE_NS = 8_000_000


@pytest.mark.parametrize("factor", [0.5, 1.0, 20.0])
def test_simulated_time_follows_the_wall_clock(factor):
    pacer = Pacer(factor, wall_ns=500, simulated_ns=70)
    for turn in range(1, 101):
        due = pacer.due(500 + turn * WAKE_NS)
    assert due == 70 + round(100 * WAKE_NS * factor)


@REPEATABLE
@given(st.lists(st.integers(-(10**9), 10**10), max_size=30), st.floats(0.01, 100))
def test_it_never_goes_back_nor_further_than_a_stride(passed, factor):
    pacer, wall_ns, last = Pacer(factor, 0), 0, 0
    for step in passed:
        wall_ns += step
        due = pacer.due(wall_ns)
        assert 0 <= due - last <= LONGEST_STRIDE_NS * factor + 1
        last = due


def test_falling_behind_is_told_once_with_the_factor_reached_and_again_after_a_recovery():
    pacer, told, wall_ns = Pacer(1.0, 0), [], 0

    def run(step_ns: int, windows: int) -> None:
        nonlocal wall_ns
        end_ns = wall_ns + windows * WINDOW_NS
        while wall_ns < end_ns:
            wall_ns += step_ns
            pacer.due(wall_ns)
            told.append(pacer.fell_behind(wall_ns))

    run(WAKE_NS, 2)
    assert not any(told)
    run(2 * LONGEST_STRIDE_NS, 4)
    assert [round(factor, 2) for factor in told if factor] == [0.5]
    run(WAKE_NS, 2)
    run(4 * LONGEST_STRIDE_NS, 2)
    assert [round(factor, 2) for factor in told if factor] == [0.5, 0.25]


@REPEATABLE
@given(st.floats(1, 500), st.floats(1, 500), st.integers(0, 10**10), st.lists(st.integers(0, 10**9), max_size=10))
def test_events_come_once_in_order_and_at_multiples_of_their_periods(fast, slow, after_ns, steps):
    schedule, until_ns, events = Schedule({"first": fast, "second": slow}, after_ns), after_ns, []
    for step in steps:
        until_ns += step // 20
        while (event := schedule.next(until_ns)) is not None:
            assert after_ns < event[0] <= until_ns
            events.append(event)
    assert [time_ns for time_ns, _ in events] == sorted(time_ns for time_ns, _ in events)
    for name, rate in (("first", fast), ("second", slow)):
        times = [time_ns for time_ns, who in events if who == name]
        assert len(set(times)) == len(times)
        expected = (until_ns - after_ns) * rate / 1e9
        assert abs(len(times) - expected) <= 1
        assert all(abs(time_ns * rate / 1e9 - round(time_ns * rate / 1e9)) < 1e-6 for time_ns in times)


def test_of_events_at_the_same_time_the_one_named_first_comes_first():
    schedule = Schedule({"clock": 100.0, "joints": 50.0})
    assert [schedule.next(20_000_000) for _ in range(4)] == [
        (10_000_000, "clock"),
        (20_000_000, "clock"),
        (20_000_000, "joints"),
        None,
    ]
