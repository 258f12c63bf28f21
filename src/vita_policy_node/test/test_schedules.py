from __future__ import annotations

import numpy as np
import pytest
from chunk_fakes import MIXES, PERIOD, Make, at, chunk, constant, play, schedule, scheduler
from hypothesis import given, settings
from hypothesis import strategies as st

from vita_train.policy.observation import ActionChunk

KINDS = ("open_loop", "receding", "temporal_ensemble", "blend")
ALL = np.array([True])


def long_chunk(stamp: int) -> ActionChunk:
    """So long that one that fades out still predicts something."""
    return chunk(stamp, steps=24)


@settings(max_examples=80, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    latency=st.floats(0.0, 5.0),
    ticks_per_step=st.floats(1.0, 6.0),
    phase=st.floats(0.0, 0.99),
    shakes=st.lists(st.floats(-0.2, 0.2), min_size=50, max_size=50),
)
def test_where_all_chunks_agree_every_schedule_sends_what_belongs_to_the_time(
    kind, latency, ticks_per_step, phase, shakes
):
    made = scheduler(schedule(kind), mixes=ALL)
    times = [(number + shake) / ticks_per_step + phase + 1 for number, shake in enumerate(shakes)]
    for ticked in play(made, times, latency, long_chunk):
        if ticked.due is not None:
            assert float(ticked.due.action[0]) == pytest.approx((ticked.now_ns - at(0)) / PERIOD, abs=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ticks_per_step", [1.0, 2.5, 4.0])
@pytest.mark.parametrize("latency", [0.0, 0.6, 2.6, 6.7])
def test_a_model_that_keeps_its_pace_never_starves_once_its_latency_is_known(kind, ticks_per_step, latency):
    made = scheduler(schedule(kind), mixes=ALL)
    ticks = list(play(made, [1 + n / ticks_per_step for n in range(int(60 * ticks_per_step))], latency, chunk))
    known = next(index for index, ticked in enumerate(ticks) if ticked.due is not None)
    assert all(ticked.due is not None for ticked in ticks[known:])


@pytest.mark.parametrize("kind", KINDS)
def test_with_one_chunk_every_schedule_is_open_loop(kind):
    rng = np.random.default_rng(0)
    actions = rng.standard_normal((16, 3)).astype(np.float32)
    only = ActionChunk(at(0), PERIOD, actions, ("a", "b", "c"))
    made, plain = scheduler(schedule(kind)), scheduler(schedule("open_loop"))
    assert made.add(only, at(2.2))
    assert plain.add(only, at(2.2))
    for now in np.arange(2.2, 14, 0.3):
        one, other = made.due(at(now)), plain.due(at(now))
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert one.action.tobytes() == other.action.tobytes()
            assert (one.step, one.chunk_stamp_ns, one.action.dtype) == (other.step, at(0), np.float32)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_a_discarded_chunk_is_left_after_a_reset(kind):
    made = scheduler(schedule(kind))
    made.add(constant(at(0), 9.0, 9.0, 9.0), at(0))
    made.add(constant(at(2), np.nan, np.inf, 9.0), at(2))
    made.request(at(2))
    made.reset()
    assert made.due(at(2)) is None
    assert made.needs_chunk(at(2))
    assert made.remaining(at(2)) == 0
    assert made.add(constant(at(1), 1.0, 2.0, 3.0), at(3))
    assert made.due(at(3)).action.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("kind", KINDS)
def test_late_repeated_and_older_chunks_change_nothing(kind):
    made = scheduler(schedule(kind))
    made.add(constant(at(4), 1.0, 1.0, 1.0), at(5))
    for stamp, now in ((4, 6), (3, 6), (-20, 6), (4, 7)):
        assert not made.add(constant(at(stamp), np.nan, np.nan, np.nan), at(now))
        assert made.due(at(now)).action.tolist() == [1.0, 1.0, 1.0]
    assert made.late_chunks == 1


@pytest.mark.parametrize("kind", KINDS)
def test_after_starving_the_next_chunk_begins_alone(kind):
    """The arm has not followed the older chunks meanwhile, so they tell nothing about where it is."""
    made = scheduler(schedule(kind))
    made.add(constant(at(0), 9.0, 9.0, 9.0), at(0))
    assert made.due(at(7)) is not None
    assert made.due(at(8)) is None
    made.add(constant(at(9), 1.0, 2.0, 3.0), at(9))
    assert made.due(at(9)).action.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("kind", ["temporal_ensemble", "blend"])
def test_a_chunk_that_comes_when_the_one_before_has_just_ended_is_mixed_with_it(kind):
    made = scheduler(schedule(kind))
    made.add(constant(at(0), 0.0, 0.0, 0.0), at(0))
    assert made.due(at(7)) is not None
    assert made.due(at(8)) is None
    made.add(constant(at(8), 1.0, 1.0, 1.0), at(8.25))
    action = made.due(at(8.25)).action
    assert action[0] < 0.6
    assert action[2] == 1.0
    # Nobody asked for a long time: what was executed then is past.
    made.add(constant(at(26), 5.0, 5.0, 5.0), at(26))
    assert made.due(at(26)).action.tolist() == [5.0, 5.0, 5.0]


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    latency=st.floats(0.0, 9.0),
    bad=st.sets(st.integers(0, 60), max_size=6),
    ticks_per_step=st.sampled_from([1.0, 1.7, 4.0]),
)
def test_a_chunk_that_is_not_finite_is_sent_as_not_finite_and_never_outlives_its_prediction(
    kind, latency, bad, ticks_per_step
):
    made = scheduler(schedule(kind))

    def sometimes_bad(stamp: int) -> ActionChunk:
        step = (stamp - at(0)) // PERIOD
        return constant(stamp, np.nan if step in bad else 1.0, 1.0, 1.0)

    make: Make = sometimes_bad
    taken: list[int] = []
    for ticked in play(made, [number / ticks_per_step for number in range(int(60 * ticks_per_step))], latency, make):
        if ticked.due is None:
            continue
        stamp = ticked.due.chunk_stamp_ns
        taken += [stamp] * (stamp not in taken)
        if (stamp - at(0)) // PERIOD in bad:
            assert np.isnan(ticked.due.action[0])
        elif np.isnan(ticked.due.action[0]):
            assert kind in ("temporal_ensemble", "blend")
            reach = {"temporal_ensemble": 16.0, "blend": 30.0}[kind]
            recent = [s for s in taken if ticked.now_ns - s <= reach * PERIOD]
            assert any((s - at(0)) // PERIOD in bad for s in recent)
        else:
            assert ticked.due.action.tolist() == pytest.approx([1.0] * len(MIXES))
