from __future__ import annotations

import numpy as np
import pytest
from chunk_fakes import PERIOD, START, at, chunk, play
from hypothesis import given, settings
from hypothesis import strategies as st

from vita_policy_node.chunk_scheduler import ChunkScheduler


def test_no_chunk_means_nothing_is_due_and_one_is_needed():
    scheduler = ChunkScheduler(8)
    assert scheduler.due(at(0)) is None
    assert scheduler.needs_chunk(at(0))
    assert scheduler.remaining(at(0)) == 0


def test_without_latency_exactly_the_horizon_is_executed_and_then_it_starves():
    scheduler = ChunkScheduler(8)
    scheduler.request(at(0))
    scheduler.add(chunk(START), at(0))
    for step in range(8):
        due = scheduler.due(at(step))
        assert due is not None
        assert due.step == step
        assert not scheduler.needs_chunk(at(step)) or step == 7
        assert scheduler.remaining(at(step)) == 7 - step
    assert scheduler.needs_chunk(at(8))
    assert scheduler.due(at(8)) is None


def test_steps_that_passed_while_inferring_are_dropped():
    scheduler = ChunkScheduler(8)
    scheduler.request(at(0))
    scheduler.add(chunk(START), at(2.6))
    due = scheduler.due(at(3))
    assert due is not None
    assert (due.step, due.action[0], due.chunk_stamp_ns) == (3, 3.0, START)
    assert scheduler.dropped_steps == 3
    # Eight steps from the first one used, because the prediction reaches that far.
    assert scheduler.due(at(10)) is not None
    assert scheduler.due(at(11)) is None


def test_a_tick_between_two_actions_gets_what_lies_between_them():
    scheduler = ChunkScheduler(16)
    scheduler.add(chunk(START), at(-0.4))
    assert scheduler.due(at(-0.4)).action[0] == 0.0
    assert scheduler.due(at(2)).action[0] == 2.0
    between = scheduler.due(at(2.25))
    assert between.action[0] == pytest.approx(2.25)
    assert (between.step, between.action.dtype) == (2, np.float32)
    assert scheduler.due(at(15.4)).action[0] == 15.0
    scheduler.add(chunk(at(20), steps=1), at(20))
    assert scheduler.due(at(20.3)).action[0] == 20.0


def test_the_next_chunk_is_asked_for_as_early_as_the_slowest_prediction_was_late():
    scheduler = ChunkScheduler(8)
    scheduler.request(at(0))
    scheduler.add(chunk(START), at(2))
    assert scheduler.due(at(2)) is not None
    wanted = [step for step in range(2, 12) if scheduler.needs_chunk(at(step))]
    assert wanted == [8, 9, 10, 11]
    scheduler.request(at(8))
    assert not scheduler.needs_chunk(at(9))
    scheduler.abandon()
    assert scheduler.needs_chunk(at(9))


def test_a_newer_chunk_replaces_the_old_at_once_and_an_older_one_does_not():
    scheduler = ChunkScheduler(8)
    scheduler.add(chunk(at(4)), at(5))
    assert not scheduler.add(chunk(START), at(5))
    due = scheduler.due(at(6))
    assert due is not None
    assert due.chunk_stamp_ns == at(4)
    assert scheduler.add(chunk(at(5)), at(6))
    due = scheduler.due(at(6))
    assert due is not None
    assert due.step == 1


def test_the_same_chunk_twice_is_taken_once():
    scheduler = ChunkScheduler(8)
    assert scheduler.add(chunk(START), at(2))
    assert not scheduler.add(chunk(START), at(5))
    assert scheduler.dropped_steps == 2
    assert scheduler.due(at(9)) is not None
    assert scheduler.due(at(10)) is None


def test_a_chunk_of_the_future_begins_when_its_time_comes():
    scheduler = ChunkScheduler(8)
    assert scheduler.add(chunk(at(3)), at(0))
    assert [scheduler.due(at(step)) is None for step in range(5)] == [True, True, True, False, False]
    assert scheduler.remaining(at(0)) == 8
    assert scheduler.due(at(10)).step == 7
    assert scheduler.due(at(11)) is None


def test_replanning_asks_earlier_and_still_executes_the_whole_horizon_when_nothing_comes():
    scheduler = ChunkScheduler(8, replan_steps=3)
    scheduler.request(at(0))
    scheduler.add(chunk(START), at(1))
    assert [step for step in range(1, 12) if scheduler.needs_chunk(at(step))] == list(range(3, 12))
    assert [step for step in range(1, 12) if scheduler.due(at(step))] == list(range(1, 9))


def test_a_chunk_that_has_just_come_does_not_ask_for_the_next_because_it_was_late():
    scheduler = ChunkScheduler(8)
    scheduler.request(at(0))
    scheduler.add(chunk(START), at(7))
    assert not scheduler.needs_chunk(at(7))
    assert scheduler.needs_chunk(at(8))


@pytest.mark.parametrize("replan_steps", [0, 9])
def test_replanning_outside_the_horizon_is_a_bug(replan_steps):
    with pytest.raises(ValueError, match="replan_steps"):
        ChunkScheduler(8, replan_steps)


def test_a_chunk_that_is_late_altogether_is_refused():
    scheduler = ChunkScheduler(8)
    assert not scheduler.add(chunk(START), at(16))
    assert scheduler.late_chunks == 1
    assert scheduler.due(at(16)) is None


def test_reset_forgets_chunk_and_request():
    scheduler = ChunkScheduler(8)
    scheduler.add(chunk(START), at(0))
    scheduler.request(at(1))
    scheduler.reset()
    assert scheduler.due(at(1)) is None
    assert scheduler.needs_chunk(at(1))


def test_a_horizon_below_one_is_a_bug():
    with pytest.raises(ValueError, match="action_horizon"):
        ChunkScheduler(0)


@settings(max_examples=200, deadline=None)
@given(
    latency=st.floats(0.0, 14.0),
    horizon=st.integers(1, 16),
    phase=st.floats(0.0, 0.99),
    jitter=st.lists(st.floats(-0.2, 0.2), min_size=60, max_size=60),
)
def test_every_action_is_executed_at_its_own_time(latency, horizon, phase, jitter):
    scheduler = ChunkScheduler(horizon)
    used: dict[int, list[int]] = {}
    for ticked in play(scheduler, [number + phase + shake for number, shake in enumerate(jitter)], latency, chunk):
        if (due := ticked.due) is None:
            continue
        used.setdefault(due.chunk_stamp_ns, []).append(due.step)
        stamp = due.chunk_stamp_ns
        # Only before the first and after the last prediction there is nothing in between.
        told = min(max(ticked.now_ns, stamp), stamp + 15 * PERIOD)
        assert abs(START + float(due.action[0]) * PERIOD - told) <= 1e-4 * PERIOD
    for steps in used.values():
        assert steps == sorted(steps)
        assert max(steps) - min(steps) < horizon
