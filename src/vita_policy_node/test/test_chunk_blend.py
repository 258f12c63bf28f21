from __future__ import annotations

import numpy as np
import pytest
from chunk_fakes import MIXES, PERIOD, at, chunk, constant
from hypothesis import given, settings
from hypothesis import strategies as st

from vita_policy_node.chunk_blend import ChunkBlend

ALL = np.array([True])


def test_the_share_of_the_new_chunk_grows_step_by_step():
    blend = ChunkBlend(4, MIXES)
    blend.take(constant(at(0), 0.0, 8.0, 0.0), at(0))
    blend.take(constant(at(6), 1.0, 4.0, 1.0), at(8))
    actions = np.array([blend.action(at(step)) for step in range(8, 14)])
    assert np.allclose(actions[:, 0], [0.0, 0.25, 0.5, 0.75, 1.0, 1.0], atol=1e-6)
    assert np.allclose(actions[:, 1], [8.0, 7.0, 6.0, 5.0, 4.0, 4.0], atol=1e-5)
    # A gripper switches at once.
    assert actions[:, 2].tolist() == [1.0] * 6


def test_chunks_that_agree_are_not_disturbed_and_read_at_the_same_time():
    blend = ChunkBlend(5, ALL)
    blend.take(chunk(at(0)), at(2))
    blend.take(chunk(at(7)), at(9))
    for now in (9.0, 10.5, 12.25, 14.0):
        assert blend.action(at(now))[0] == pytest.approx(now, abs=1e-5)


def test_past_its_end_the_old_chunk_counts_with_its_last_action():
    blend = ChunkBlend(4, ALL)
    blend.take(chunk(at(0), steps=8), at(0))
    blend.take(chunk(at(6)), at(8))
    assert blend.action(at(8))[0] == 7.0
    assert blend.action(at(10))[0] == pytest.approx(0.5 * 7.0 + 0.5 * 10.0)


def test_a_chunk_that_comes_during_a_fade_fades_in_over_the_mixture():
    blend = ChunkBlend(4, ALL)
    for number, value in enumerate((0.0, 1.0, 5.0)):
        blend.take(constant(at(number), value), at(2 * number))
    assert blend.action(at(4))[0] == pytest.approx(0.5)
    assert blend.weights(at(5)) == pytest.approx([0.75 * 0.25, 0.75 * 0.75, 0.25])
    assert blend.action(at(6))[0] == pytest.approx(0.5 * 1.0 + 0.5 * 5.0)


def test_nothing_is_left_of_a_chunk_that_has_faded_out():
    blend = ChunkBlend(2, MIXES)
    blend.take(constant(at(0), np.nan, np.inf, np.nan), at(0))
    blend.take(constant(at(4), 1.0, 2.0, 3.0), at(4))
    for step in (4.0, 5.0, 5.9):
        # Not even the gripper, although it does not fade: the chunk is still used.
        assert not np.isfinite(blend.action(at(step))).any()
    assert blend.action(at(6)).tolist() == [1.0, 2.0, 3.0]


def test_nan_in_the_new_chunk_counts_from_the_first_tick_on():
    blend = ChunkBlend(4, MIXES)
    blend.take(constant(at(0), 0.0, 0.0, 0.0), at(0))
    blend.take(constant(at(4), np.nan, 0.0, 0.0), at(4))
    assert np.isfinite(blend.action(at(4))).tolist() == [False, True, True]


@settings(max_examples=80, deadline=None)
@given(
    blend_steps=st.integers(1, 12),
    values=st.tuples(st.floats(-3, 3), st.floats(-3, 3)),
    seam=st.floats(0.0, 6.0),
    ticks=st.lists(st.floats(0.01, 2.0), min_size=1, max_size=40),
)
def test_a_seam_jumps_by_no_more_than_its_share_of_the_difference(blend_steps, values, seam, ticks):
    blend = ChunkBlend(blend_steps, ALL)
    blend.take(constant(at(0), values[0], steps=60), at(0))
    before, last_ns = blend.action(at(seam))[0], at(seam)
    blend.take(constant(at(seam), values[1], steps=60), at(seam))
    assert blend.action(at(seam))[0] == before
    for now_ns in at(seam) + np.cumsum([round(tick * PERIOD) for tick in ticks]):
        action = blend.action(int(now_ns))[0]
        allowed = (now_ns - last_ns) / PERIOD / blend_steps * abs(values[1] - values[0])
        assert abs(action - before) <= allowed + 1e-6
        assert min(values) - 1e-6 <= action <= max(values) + 1e-6
        before, last_ns = action, now_ns
    if sum(ticks) > blend_steps + 0.01:
        assert before == pytest.approx(values[1], abs=1e-6)


@settings(max_examples=80, deadline=None)
@given(
    blend_steps=st.integers(1, 8),
    chunks=st.lists(st.tuples(st.floats(0.0, 6.0), st.floats(-1, 1)), min_size=1, max_size=60),
)
def test_any_number_of_chunks_stays_continuous_between_its_extremes_and_bounded(blend_steps, chunks):
    """Chunks as often as one likes, several within a step."""
    blend = ChunkBlend(blend_steps, ALL)
    now = 0.0
    for number, (wait, value) in enumerate(chunks):
        now += wait
        before = blend.action(at(now))[0] if number else None
        blend.take(constant(at(0) + number, value, steps=1000), at(now))
        weights = blend.weights(at(now))
        assert len(weights) <= blend_steps + 2
        assert weights.sum() == pytest.approx(1.0, abs=1e-12)
        assert (weights >= 0).all()
        action = blend.action(at(now))[0]
        assert -1 - 1e-6 <= action <= 1 + 1e-6
        if before is not None:
            assert abs(action - before) <= 2.0 / blend_steps + 1e-6
