from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from vita_policy_node.motion_metrics import SeamSteps, correlation, rms_jerk

PERIOD_NS = 100_000_000
finite = st.floats(-100, 100)


def stamps(count: int) -> list[int]:
    return [10**18 + step * PERIOD_NS for step in range(count)]


def test_a_step_between_chunks_is_a_seam_and_others_are_not():
    commands = np.array([[0.0, 0.0], [0.1, 0.0], [0.5, -1.0], [0.6, -1.0], [0.5, 0.0]])
    steps = SeamSteps.of(stamps(5), commands, [7, 7, 8, 8, 9], PERIOD_NS)
    assert steps.seams == 2
    assert np.allclose(steps.at_seams, [0.25, 1.0])
    assert np.allclose(steps.largest, [0.4, 1.0])
    assert np.allclose(steps.within, [0.1, 0.0])


def test_a_gap_is_neither_a_seam_nor_a_step_within_a_chunk():
    times = stamps(4)
    times[2:] = [time + 10 * PERIOD_NS for time in times[2:]]
    steps = SeamSteps.of(times, np.array([[0.0], [0.1], [9.0], [9.3]]), [1, 1, 2, 2], PERIOD_NS)
    assert steps.seams == 0
    assert np.isnan(steps.at_seams).all()
    assert np.isnan(steps.largest).all()
    assert np.allclose(steps.within, [0.2])


@pytest.mark.parametrize("count", [0, 1])
def test_one_command_makes_no_step(count):
    steps = SeamSteps.of(stamps(count), np.zeros((count, 2)), [1] * count, PERIOD_NS)
    assert steps.seams == 0
    assert np.isnan(steps.within).all()


@hypothesis_settings(max_examples=100, deadline=None)
@given(
    cubic=st.lists(finite, min_size=4, max_size=4),
    jitter=st.lists(st.floats(-0.2, 0.2), min_size=12, max_size=12),
)
def test_the_jerk_of_a_cubic_is_six_times_its_leading_coefficient_whatever_the_times(cubic, jitter):
    times = [10**18 + round((step + jitter[step]) * PERIOD_NS) for step in range(12)]
    seconds = (np.array(times) - times[0]) / 1e9
    values = np.polynomial.polynomial.polyval(seconds, cubic)[:, np.newaxis]
    assert rms_jerk(times, values, PERIOD_NS) == pytest.approx([6 * abs(cubic[3])], rel=1e-4, abs=1e-4)


def test_jerk_is_not_measured_across_a_gap():
    times = stamps(12)
    times[6:] = [time + 10 * PERIOD_NS for time in times[6:]]
    values = np.array([0.0] * 6 + [50.0] * 6)[:, np.newaxis]
    assert rms_jerk(times, values, PERIOD_NS).tolist() == [0.0]
    assert rms_jerk(stamps(12), values, PERIOD_NS)[0] > 10_000
    assert np.isnan(rms_jerk(times[4:8], values[4:8], PERIOD_NS)).all()


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_fewer_than_four_values_have_no_jerk(count):
    assert np.isnan(rms_jerk(stamps(count), np.zeros((count, 2)), PERIOD_NS)).all()


@hypothesis_settings(max_examples=100, deadline=None)
@given(values=st.lists(st.integers(-100, 100), min_size=3, max_size=20), scale=st.floats(0.01, 100), shift=finite)
def test_a_scaled_motion_correlates_fully_and_a_turned_one_inversely(values, scale, shift):
    truth = np.array(values, dtype=np.float64)[:, np.newaxis]
    found = correlation(truth * scale + shift, truth)
    if np.ptp(truth) == 0:
        assert np.isnan(found).all()
    else:
        assert found == pytest.approx([1.0], abs=1e-6)
        assert correlation(-truth * scale + shift, truth) == pytest.approx([-1.0], abs=1e-6)


def test_what_rests_correlates_with_nothing():
    moving, resting = np.arange(5.0)[:, np.newaxis], np.full((5, 1), 0.1)
    assert np.isnan(correlation(resting, moving)).all()
    assert np.isnan(correlation(moving, resting)).all()
    assert np.isnan(correlation(moving[:1], moving[:1])).all()
