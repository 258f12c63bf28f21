from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sim_support import REPEATABLE

from vita_sim.follower import Follower

numbers = st.floats(-10.0, 10.0)
vectors = st.lists(numbers, min_size=3, max_size=3).map(np.array)
times = st.integers(0, 10**10)
durations = st.integers(0, 10**9)


@REPEATABLE
@given(vectors, times)
def test_without_a_command_it_stays_at_its_start(start, now_ns):
    np.testing.assert_array_equal(Follower(start).at(now_ns), start)


@REPEATABLE
@given(vectors, vectors, times, durations, durations)
def test_it_arrives_when_the_command_says_and_stays(start, target, now_ns, duration_ns, later_ns):
    follower = Follower(start)
    follower.command(target, now_ns, duration_ns)
    np.testing.assert_array_equal(follower.at(now_ns + duration_ns), target)
    np.testing.assert_array_equal(follower.at(now_ns + duration_ns + later_ns), target)


@REPEATABLE
@given(vectors, vectors, times, durations, st.floats(0.0, 1.0))
def test_on_its_way_it_is_on_the_straight_line(start, target, now_ns, duration_ns, share):
    follower = Follower(start)
    follower.command(target, now_ns, duration_ns)
    past_ns = round(share * duration_ns)
    expected = target if past_ns == duration_ns else start + past_ns / duration_ns * (target - start)
    np.testing.assert_allclose(follower.at(now_ns + past_ns), expected, atol=1e-9)


@REPEATABLE
@given(vectors, vectors, vectors, st.integers(1, 10**9), st.integers(1, 10**9), st.floats(0.0, 2.0))
def test_a_new_command_begins_where_the_set_point_is(start, first, second, first_ns, second_ns, share):
    follower = Follower(start)
    follower.command(first, 0, first_ns)
    now_ns = round(share * first_ns)
    before = follower.at(now_ns)
    follower.command(second, now_ns, second_ns)
    np.testing.assert_array_equal(follower.at(now_ns), before)


@REPEATABLE
@given(vectors, st.lists(vectors, min_size=1, max_size=5), st.data())
def test_it_is_at_each_point_when_the_command_says_and_between_neighbours_in_between(start, points, data):
    times_ns = sorted(data.draw(st.sets(st.integers(1, 10**9), min_size=len(points), max_size=len(points))))
    follower = Follower(start)
    follower.follow(points, times_ns, 0)
    for point, time_ns in zip(points, times_ns, strict=True):
        np.testing.assert_array_equal(follower.at(time_ns), point)
    ways = [(start, points[0], 0, times_ns[0]), *zip(points, points[1:], times_ns, times_ns[1:], strict=False)]
    for begin, end, begin_ns, end_ns in ways:
        between = follower.at(data.draw(st.integers(begin_ns, end_ns)))
        assert (between >= np.minimum(begin, end) - 1e-9).all()
        assert (between <= np.maximum(begin, end) + 1e-9).all()


def test_it_keeps_no_hand_on_the_arrays_it_is_given_or_gives():
    start, target = np.zeros(2), np.ones(2)
    follower = Follower(start)
    follower.command(target, 0, 10)
    start[:] = 5.0
    target[:] = 5.0
    follower.at(10)[:] = 5.0
    np.testing.assert_array_equal(follower.at(0), [0.0, 0.0])
    np.testing.assert_array_equal(follower.at(10), [1.0, 1.0])
