from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vita_dataset.errors import DataError
from vita_dataset.from_bag_steps import LONGEST_WAIT_NS, cut_at_gaps, plan_steps

S_NS = 10**9


def chosen(stamps, period):
    return [step.matched for step in plan_steps(stamps, period)]


def test_an_even_recording_gives_each_set_to_one_step():
    steps = plan_steps([100, 201, 298, 400], 100)
    assert [(step.time_ns, step.matched) for step in steps] == [(100, 0), (201, 1), (298, 2), (400, 3)]


def test_sets_faster_than_the_steps_are_thinned_out():
    assert chosen([0, 33, 66, 100, 133, 166, 200], 100) == [0, 3, 6]


def test_a_missing_set_is_stood_in_for_by_the_newest():
    steps = plan_steps([0, 100, 300, 400], 100)
    assert [step.matched for step in steps] == [0, 1, 1, 2, 3]
    assert [step.repeats for step in steps] == [False, False, True, False, False]
    assert steps[2].time_ns == 200
    # Too early for its step to be near, but the newest when the step comes.
    assert chosen([0, 20, 100], 50) == [0, 1, 2]


def test_one_set_does_not_stand_for_ever():
    with pytest.raises(DataError, match="--gap-s"):
        plan_steps([0, LONGEST_WAIT_NS + 1], S_NS)


stamps = st.lists(st.integers(1, 400), min_size=0, max_size=60).map(
    lambda gaps: [1_000 + sum(gaps[:index]) for index in range(len(gaps) + 1)]
)


@given(stamps, st.integers(2, 200))
def test_steps_are_even_and_never_from_the_future(stamps_ns, period_ns):
    steps = plan_steps(stamps_ns, period_ns)
    assert steps[0].matched == 0
    assert abs(stamps_ns[0] + (len(steps) - 1) * period_ns - stamps_ns[-1]) <= period_ns / 2
    for number, step in enumerate(steps):
        grid_ns = stamps_ns[0] + number * period_ns
        assert abs(step.time_ns - grid_ns) <= period_ns // 2
        assert stamps_ns[step.matched] <= step.time_ns
        assert stamps_ns[step.matched] == step.time_ns or step.time_ns == grid_ns
        assert step.repeats == (number > 0 and step.matched == steps[number - 1].matched)
    for before, after in pairwise(steps):
        assert before.time_ns < after.time_ns
        assert before.matched <= after.matched


@given(stamps, st.integers(0, 400))
def test_pieces_are_whole_and_without_gaps(stamps_ns, gap_ns):
    pieces = list(cut_at_gaps(stamps_ns, gap_ns))
    assert [index for piece in pieces for index in piece] == list(range(len(stamps_ns)))
    assert all(len(piece) for piece in pieces)
    if gap_ns:
        for piece in pieces:
            assert all(stamps_ns[b] - stamps_ns[a] <= gap_ns for a, b in pairwise(piece))
        for before, after in pairwise(pieces):
            assert stamps_ns[after[0]] - stamps_ns[before[-1]] > gap_ns
