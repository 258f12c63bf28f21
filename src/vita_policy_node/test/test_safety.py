from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vita_policy_node.motion_limits import Motion, MotionLimits
from vita_policy_node.safety import COMMAND_MEMORY_NS, OVERSHOOT, JointLimits, SafetyGate, SentCommand

NAMES = ("a", "b", "c")
LIMITS = JointLimits(NAMES, np.array([-1.0, -2.0, 0.0]), np.array([1.0, 2.0, 1.0]), np.array([0.1, 0.5, 0.2]))
ZERO = np.zeros(3)
NOW = 10_000_000_000
PERIOD_NS = 33_000_000

anything = st.floats(allow_nan=True, allow_infinity=True, width=64)
poses = st.lists(anything, min_size=0, max_size=4).map(np.array)


def sent(values: list[float], age_ns: int = 33_000_000) -> SentCommand:
    return SentCommand(np.array(values), NOW - age_ns)


def test_an_action_inside_its_limits_passes_unchanged():
    action = np.array([0.05, -0.4, 0.1])
    verdict = SafetyGate(LIMITS).check(action, NAMES, ZERO, None, NOW)
    assert verdict.command is not None
    assert np.array_equal(verdict.command, action)
    assert verdict.hits == ()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_one_value_that_is_not_finite_stops_the_whole_command(bad):
    verdict = SafetyGate(LIMITS).check(np.array([0.0, bad, 0.0]), NAMES, ZERO, None, NOW)
    assert verdict.command is None
    assert verdict.hits == ("finite: b",)
    assert "not finite" in verdict.reason


@pytest.mark.parametrize(
    ("action", "names"),
    [(np.zeros(2), ("a", "b")), (np.zeros(4), NAMES), (np.zeros(3), ("b", "a", "c")), (np.zeros((1, 3)), NAMES)],
)
def test_wrong_names_or_width_stop_the_command(action, names):
    verdict = SafetyGate(LIMITS).check(action, names, ZERO, None, NOW)
    assert verdict.command is None
    assert verdict.hits == ("names: action",)


def test_position_and_step_are_clamped_and_named():
    last = sent([0.95, 0.0, 0.5])
    verdict = SafetyGate(LIMITS).check(np.array([1.5, 1.0, 0.5]), NAMES, ZERO, last, NOW)
    assert verdict.command is not None
    assert np.allclose(verdict.command, [1.0, 0.5, 0.5])
    assert verdict.hits == ("position: a", "step: b")


def test_hold_mode_sends_nothing_instead_of_clamping():
    verdict = SafetyGate(LIMITS, "hold").check(np.array([0.5, 0.0, 0.0]), NAMES, ZERO, None, NOW)
    assert verdict.command is None
    assert verdict.hits == ("step: a",)


def test_a_policy_a_little_beyond_its_range_is_clamped_but_no_hit_is_counted():
    last = sent([0.95, 0.0, 0.95])
    verdict = SafetyGate(LIMITS).check(np.array([1.009, 0.0, 1.003]), NAMES, ZERO, last, NOW)
    assert verdict.command is not None
    assert verdict.command.tolist() == [1.0, 0.0, 1.0]
    assert verdict.hits == ()
    verdict = SafetyGate(LIMITS).check(np.array([1.011, 0.0, 1.021]), NAMES, ZERO, last, NOW)
    assert verdict.command is not None
    assert verdict.command.tolist() == [1.0, 0.0, 1.0]
    assert verdict.hits == ("position: a", "position: c")


def test_in_hold_mode_a_policy_a_little_beyond_its_range_is_held_and_counted():
    verdict = SafetyGate(LIMITS, "hold").check(np.array([0.0, 0.0, 1.003]), NAMES, ZERO, sent([0.0, 0.0, 0.95]), NOW)
    assert verdict.command is None
    assert verdict.hits == ("position: c",)


def test_steps_count_from_the_measured_pose_when_the_last_command_is_old():
    measured = np.array([0.5, 0.0, 0.0])
    old = sent([0.0, 0.0, 0.0], COMMAND_MEMORY_NS + 1)
    verdict = SafetyGate(LIMITS).check(np.array([0.55, 0.0, 0.0]), NAMES, measured, old, NOW)
    assert verdict.command is not None
    assert verdict.command[0] == 0.55
    future = SentCommand(np.array([0.0, 0.0, 0.0]), NOW + 1)
    assert SafetyGate(LIMITS).check(np.array([0.55, 0.0, 0.0]), NAMES, measured, future, NOW).hits == ()


@pytest.mark.parametrize("measured", [None, np.array([np.nan, 0.0, 0.0]), np.zeros(2)])
def test_an_unknown_pose_stops_the_first_command(measured):
    verdict = SafetyGate(LIMITS).check(ZERO, NAMES, measured, None, NOW)
    assert verdict.command is None
    assert "measured pose" in verdict.reason


def test_an_arm_far_outside_its_limits_is_not_moved():
    verdict = SafetyGate(LIMITS).check(ZERO, NAMES, np.array([1.5, 0.0, 0.0]), None, NOW)
    assert verdict.command is None
    assert "reach: a" in verdict.hits
    assert "by hand" in verdict.reason


def test_an_arm_a_little_outside_is_led_back():
    verdict = SafetyGate(LIMITS).check(ZERO, NAMES, np.array([1.05, 0.0, -0.01]), None, NOW)
    assert verdict.command is not None
    assert verdict.command[0] == pytest.approx(0.95)


@pytest.mark.parametrize("mode", ["clamp", "hold"])
def test_a_command_too_far_from_the_measured_pose_stops(mode):
    measured = np.array([0.5, 0.0, 0.5])
    verdict = SafetyGate(LIMITS, mode, max_lag_steps=3).check(
        np.array([0.9, 0.0, 0.5]), NAMES, measured, sent([0.85, 0.0, 0.5]), NOW
    )
    assert verdict.command is None
    assert verdict.lagging
    assert verdict.hits == ("lag: a",)
    assert "does not follow: a" in verdict.reason


MOTION = MotionLimits(np.array([1.5, np.inf, np.inf]), np.array([10.0, 30.0, np.inf]), PERIOD_NS)
MOVING = JointLimits(NAMES, LIMITS.position_min, LIMITS.position_max, LIMITS.max_step, MOTION)


def test_velocity_and_acceleration_are_limited_after_the_step_and_named():
    gate = SafetyGate(MOVING)
    first = gate.check(np.array([0.0, 0.2, 0.5]), NAMES, ZERO, sent([0.0, 0.0, 0.4]), NOW)
    assert first.hits == ("acceleration: b",)
    assert first.command == pytest.approx([0.0, 30 * 0.033**2, 0.5])
    last = SentCommand(first.command, NOW, Motion(np.array([1.4, 0.0, 0.0]), first.command))
    then = gate.check(np.array([0.08, 0.0, 0.5]), NAMES, ZERO, last, NOW + PERIOD_NS)
    assert "velocity: a" in then.hits
    assert then.command[0] == pytest.approx(1.5 * 0.033)
    assert then.motion is not None
    assert then.motion.velocity[0] == pytest.approx(1.5)


def test_with_limits_of_motion_the_largest_step_is_still_named():
    verdict = SafetyGate(MOVING).check(np.array([0.5, 0.0, 0.5]), NAMES, ZERO, sent([0.0, 0.0, 0.5]), NOW)
    assert verdict.hits == ("step: a",)
    assert verdict.command[0] == pytest.approx(10 * 0.033**2)


def test_in_hold_mode_too_sudden_a_motion_is_not_sent():
    verdict = SafetyGate(MOVING, "hold").check(np.array([0.045, 0.0, 0.5]), NAMES, ZERO, sent([0.0, 0.0, 0.5]), NOW)
    assert verdict.command is None
    assert verdict.hits == ("acceleration: a",)


def test_creeping_to_the_end_of_the_range_is_no_hit():
    gate, last = SafetyGate(MOVING), sent([0.9, 0.0, 0.5])
    for tick in range(60):
        now_ns = NOW + tick * PERIOD_NS
        verdict = gate.check(np.array([1.0, 0.0, 0.5]), NAMES, last.values, last, now_ns)
        last = SentCommand(verdict.command, now_ns, verdict.motion)
        if tick > 20:
            assert verdict.hits == ()
    assert last.values[0] == pytest.approx(1.0, abs=1e-9)
    assert last.values[0] <= 1.0


@settings(max_examples=200, deadline=None)
@given(action=poses, measured=poses, last=poses, velocity=poses, age_ns=st.integers(-(10**8), 10**9))
def test_whatever_comes_no_command_leaves_the_limits_of_motion(action, measured, last, velocity, age_ns):
    motion = Motion(velocity, last) if velocity.shape == last.shape else None
    command_before = SentCommand(last, NOW - age_ns, motion)
    moving = np.isfinite(velocity).all() and velocity.shape == last.shape
    verdict = SafetyGate(MOVING).check(action, NAMES, measured, command_before, NOW)
    if verdict.command is None:
        assert verdict.hits
        return
    assert ((verdict.command >= LIMITS.position_min) & (verdict.command <= LIMITS.position_max)).all()
    reference = last if 0 <= age_ns <= COMMAND_MEMORY_NS else measured
    change = np.abs(verdict.command - reference)
    assert (change <= LIMITS.max_step + 1e-12).all()
    if moving:
        assert (change <= MOTION.max_velocity * PERIOD_NS / 1e9 + 1e-12)[0]


@settings(max_examples=500, deadline=None)
@given(
    action=poses,
    measured=poses,
    last=poses,
    age_ns=st.integers(-(10**9), 10**9),
    mode=st.sampled_from(["clamp", "hold"]),
)
def test_whatever_comes_no_command_leaves_the_limits(action, measured, last, age_ns, mode):
    command_before = SentCommand(last, NOW - age_ns)
    verdict = SafetyGate(LIMITS, mode).check(action, NAMES, measured, command_before, NOW)
    if verdict.command is None:
        assert verdict.reason
        assert verdict.hits
        return
    assert np.isfinite(verdict.command).all()
    assert (verdict.command >= LIMITS.position_min).all()
    assert (verdict.command <= LIMITS.position_max).all()
    assert (np.abs(verdict.command - measured) <= 15 * LIMITS.max_step).all()
    reference = last if 0 <= age_ns <= COMMAND_MEMORY_NS else measured
    assert (np.abs(verdict.command - reference) <= LIMITS.max_step + 1e-12).all()
    if not verdict.hits:
        assert np.array_equal(verdict.command, np.clip(action, LIMITS.position_min, LIMITS.position_max))
        assert (np.abs(verdict.command - action) <= (OVERSHOOT * LIMITS.max_step if mode == "clamp" else 0.0)).all()
