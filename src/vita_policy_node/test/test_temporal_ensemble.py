from __future__ import annotations

import numpy as np
import pytest
from chunk_fakes import MIXES, PERIOD, at, chunk, constant
from hypothesis import given, settings
from hypothesis import strategies as st

from vita_policy_node.temporal_ensemble import TemporalEnsemble, ensemble_weights


def test_the_weights_are_those_of_act_with_the_oldest_first():
    weights = ensemble_weights(4, 0.01)
    expected = np.exp(-0.01 * np.arange(4))
    assert np.allclose(weights, expected / expected.sum(), atol=1e-15)
    assert weights[0] > weights[-1]
    assert np.allclose(ensemble_weights(5, 0.0), 0.2)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 100), st.floats(-5.0, 5.0))
def test_weights_sum_to_one_and_none_is_negative(count, decay):
    weights = ensemble_weights(count, decay)
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert (weights >= 0).all()


def test_each_time_is_the_weighted_mean_of_what_was_predicted_for_it():
    ensemble = TemporalEnsemble(0.5, MIXES)
    for number, value in enumerate((1.0, 2.0, 4.0)):
        ensemble.take(constant(at(number), value, -value, value), at(number))
    mean = float(ensemble_weights(3, 0.5) @ [1.0, 2.0, 4.0])
    # The gripper is not averaged: it takes the newest.
    assert np.allclose(ensemble.action(at(3)), [mean, -mean, 4.0])


def test_predictions_are_read_at_the_time_and_not_at_the_index():
    ensemble = TemporalEnsemble(0.01, np.array([True]))
    for stamp in (0, 3, 5):
        ensemble.take(chunk(at(stamp)), at(stamp))
    for now in (5.0, 7.25, 9.5):
        assert ensemble.action(at(now))[0] == pytest.approx(now, abs=1e-5)


def test_a_chunk_counts_as_far_as_it_predicts():
    ensemble = TemporalEnsemble(0.0, MIXES)
    ensemble.take(constant(at(0), 1.0, 1.0, 1.0, steps=8), at(0))
    ensemble.take(constant(at(4), 3.0, 3.0, 3.0, steps=8), at(4))
    assert ensemble.action(at(6.9))[0] == pytest.approx(2.0)
    assert ensemble.action(at(7.1))[0] == pytest.approx(3.0)


def test_nan_holds_as_long_as_its_chunk_counts_and_no_longer():
    ensemble = TemporalEnsemble(0.01, MIXES)
    ensemble.take(constant(at(0), 0.0, np.nan, np.nan, steps=8), at(0))
    ensemble.take(constant(at(4), 1.0, 1.0, 1.0, steps=8), at(4))
    assert np.isfinite(ensemble.action(at(6.9))).tolist() == [True, False, False]
    assert ensemble.action(at(7.1)).tolist() == pytest.approx([1.0, 1.0, 1.0])


def test_memory_is_bounded_by_the_length_of_a_chunk():
    ensemble = TemporalEnsemble(0.0, np.array([True]))
    for number in range(1000):
        now = at(0) + number * PERIOD // 100
        ensemble.take(constant(now, float(number), steps=16), now)
    assert ensemble.action(now)[0] == np.mean(np.arange(984, 1000))
    ensemble.clear()
    ensemble.take(constant(now, 7.0), now)
    assert ensemble.action(now)[0] == 7.0
