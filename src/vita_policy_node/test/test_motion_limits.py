from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vita_policy_node.motion_limits import Motion, MotionLimiter, MotionLimits

PERIOD_NS = 33_333_333
PERIOD = PERIOD_NS / 1e9
LOW, HIGH = np.array([-1.0, -0.3, 0.0]), np.array([1.0, 0.3, 1.0])
STEP = np.array([0.05, 0.05, 0.4])
VELOCITY = np.array([0.9, np.inf, 2.0])
ACCELERATION = np.array([3.0, 0.7, np.inf])
LIMITS = MotionLimits.within_steps(VELOCITY, ACCELERATION, STEP, PERIOD_NS)
REST = np.array([0.0, 0.0, 0.5])

targets = st.tuples(*(st.floats(low, high) for low, high in zip(LOW, HIGH, strict=True))).map(np.array)
times_ns = st.integers(1_000_000, PERIOD_NS) | st.just(PERIOD_NS)


def limiter() -> MotionLimiter:
    assert LIMITS is not None
    return MotionLimiter(LIMITS, LOW, HIGH)


def test_joints_without_limits_have_no_limiter():
    free = np.full(3, np.inf)
    assert MotionLimits.within_steps(free, free, STEP, PERIOD_NS) is None


def test_the_largest_step_is_part_of_the_velocity_limit():
    assert LIMITS is not None
    assert LIMITS.max_velocity == pytest.approx([0.9, 0.05 / PERIOD, 2.0])


def test_a_target_within_the_limits_passes_unchanged_tick_after_tick():
    one, start, motion = limiter(), REST, None
    for tick in range(90):
        target = np.array([0.3, 0.01, 0.1]) * (1 - np.cos(tick * PERIOD)) + REST
        result = one.limit(target, start, motion, PERIOD_NS)
        assert np.array_equal(result.command, target)
        assert not result.too_fast.any()
        assert not result.too_sudden.any()
        start, motion = result.command, result.motion


def test_what_is_too_fast_and_what_is_too_sudden_is_told_apart():
    motion = Motion(np.array([0.85, 0.0, 0.0]), REST)
    result = limiter().limit(np.array([0.9, 0.002, 0.5]), REST, motion, PERIOD_NS)
    assert result.too_fast.tolist() == [True, False, False]
    assert result.too_sudden.tolist() == [False, True, False]
    assert result.command == pytest.approx([0.9 * PERIOD, 0.7 * PERIOD**2, 0.5])


def test_after_a_gap_the_arm_starts_from_rest():
    moving = Motion(np.array([0.9, 0.0, 0.0]), REST)
    result = limiter().limit(np.array([0.5, 0.0, 0.5]), REST, moving, 5 * PERIOD_NS)
    assert result.command[0] == pytest.approx(3.0 * PERIOD**2)


def test_in_no_time_only_joints_without_limits_move():
    assert LIMITS is not None
    free = MotionLimits(np.array([0.9, np.inf, 2.0]), np.array([3.0, np.inf, np.inf]), PERIOD_NS)
    motion = Motion(np.zeros(3), REST)
    result = MotionLimiter(free, LOW, HIGH).limit(np.array([0.5, 0.2, 0.7]), REST, motion, 0)
    assert result.command.tolist() == [0.0, 0.2, 0.5]
    assert result.motion is motion


def test_an_arm_outside_its_range_comes_nearer_and_never_goes_further_out():
    outside = np.array([1.001, 0.3, 0.5])
    result = limiter().limit(np.array([1.0, 0.3, 0.5]), outside, None, PERIOD_NS)
    assert result.command[0] == 1.0
    far = np.array([1.5, 0.3, 0.5])
    assert 1.0 < limiter().limit(np.array([1.0, 0.3, 0.5]), far, None, PERIOD_NS).command[0] < 1.5


@settings(max_examples=120, deadline=None)
@given(steps=st.lists(st.tuples(targets, times_ns, st.sampled_from(["", "", "", "gap"])), min_size=1, max_size=40))
def test_whatever_is_asked_and_however_long_the_ticks_the_limits_hold(steps):
    one, start, motion, last = limiter(), REST, None, np.zeros(3)
    assert LIMITS is not None
    for target, time_ns, event in steps:
        elapsed_ns = 10 * PERIOD_NS if event else time_ns
        result = one.limit(target, start, motion, elapsed_ns)
        rested = event or motion is None
        seconds = PERIOD if rested else time_ns / 1e9
        velocity = (result.command - start) / seconds
        before = np.zeros(3) if rested else last
        assert (np.abs(velocity) <= LIMITS.max_velocity + 1e-9).all()
        assert (np.abs(velocity - before) <= ACCELERATION * seconds + 1e-9).all()
        assert ((result.command >= LOW) & (result.command <= HIGH)).all()
        assert (np.abs(result.command - start) <= STEP + 1e-12).all()
        # It can come to rest before the end of the range.
        assert (result.command + velocity**2 / 2 / ACCELERATION <= HIGH + 1e-9)[velocity > 0].all()
        assert (result.command - velocity**2 / 2 / ACCELERATION >= LOW - 1e-9)[velocity < 0].all()
        start, motion, last = result.command, result.motion, velocity


@settings(max_examples=30, deadline=None)
@given(wild=st.lists(st.tuples(targets, times_ns), max_size=20), target=targets, times=st.lists(times_ns, min_size=8))
def test_a_constant_target_is_always_reached_and_kept(wild, target, times):
    one, start, motion = limiter(), REST, None
    for other, time_ns in wild:
        result = one.limit(other, start, motion, time_ns)
        start, motion = result.command, result.motion
    passed_ns, settled = 0, 0
    # The slowest joint crosses its range of 0.6 twice with 0.7/s² in less.
    for time_ns in itertools.cycle(times):
        if passed_ns > 12e9 or settled == 20:
            break
        result = one.limit(target, start, motion, time_ns)
        start, motion = result.command, result.motion
        passed_ns += time_ns
        settled = settled + 1 if np.abs(start - target).max() <= 1e-6 else 0
    assert settled == 20


@settings(max_examples=20, deadline=None)
@given(target=targets, push=st.sampled_from([-1.0, 1.0]))
def test_at_a_steady_rate_it_settles_on_the_target_to_the_last_digit(target, push):
    one, start, motion = limiter(), REST, None
    for tick in range(300):
        wanted = np.where(push > 0, HIGH, LOW) if tick < 12 else target
        result = one.limit(wanted, start, motion, PERIOD_NS)
        start, motion = result.command, result.motion
    assert np.abs(start - target).max() <= 1e-9
    assert np.abs(motion.velocity).max() <= 1e-6
