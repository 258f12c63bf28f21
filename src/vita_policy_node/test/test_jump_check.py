from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from policy_node_fakes import KEYS, PERIOD_NS, START_NS, joint_state, robot, robot_at, settings, spec

from vita_policy_node.contract import check_contract
from vita_policy_node.jump_check import QUIET_NS, JumpCheck

LAYOUT = check_contract(robot(), spec(), KEYS, settings())
SPEED_PER_NS = LAYOUT.speed_per_s / 1e9
STATES = 2
LATE_NS = 60_000_000


@hypothesis_settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from([2, 8, 33, 200, 5000]).map(lambda ms: ms * 1_000_000),
            st.floats(-1.0, 1.0) | st.sampled_from([-1.0, 1.0]),
            st.integers(0, LATE_NS),
            st.booleans(),
        ),
        min_size=2,
        max_size=80,
    ),
    stamped_late=st.booleans(),
)
def test_an_arm_at_its_largest_speed_never_jumps(steps, stamped_late):
    """Whatever the rate, in batches, after gaps, and with stamps of the arrival instead of the measurement."""
    check = JumpCheck(LAYOUT)
    now_ns, stamp, pose = START_NS, 0, np.array([0.0, 0.0, 0.5])
    for duration_ns, speed, late_ns, ticks in steps:
        now_ns += duration_ns
        pose = pose + speed * SPEED_PER_NS * duration_ns
        arrival = now_ns + (late_ns if stamped_late else 0)
        if arrival > stamp:
            stamp = arrival
            check.add(STATES, joint_state(stamp, tuple(pose)))
        if ticks:
            assert check.check(now_ns) is None
    assert check.check(now_ns) is None


@pytest.mark.parametrize("fps", [10.0, 30.0, 100.0])
@pytest.mark.parametrize("rate_hz", [125, 500])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("joint", [0, 1])
def test_jitter_of_one_joint_is_found_within_a_second(fps, rate_hz, seed, joint):
    rng = np.random.default_rng(seed)
    check = JumpCheck(check_contract(robot_at(fps), spec(fps=fps), KEYS, settings(rate_hz=fps)))
    found = []
    for step in range(rate_hz):
        pose = np.array([0.2, 0.3, 0.5])
        pose[joint] += rng.normal(0.0, 0.1)
        stamp = START_NS + round(step * 1e9 / rate_hz)
        check.add(STATES, joint_state(stamp, tuple(pose)))
        found.append(check.check(stamp))
    name = LAYOUT.limits.names[joint]
    first = next(finding for finding in found if finding is not None)
    assert first.faults == (f"jump: {name}",)
    assert {finding.reason for finding in found if finding} == {first.reason}
    assert f"the joint states of {name} jump" in first.reason


@pytest.mark.parametrize("seed", range(5))
def test_the_noise_of_an_encoder_is_no_jump(seed):
    rng = np.random.default_rng(seed)
    check = JumpCheck(LAYOUT)
    for step in range(500):
        pose = np.array([0.2, 0.3, 0.5]) + rng.normal(0.0, 0.002, 3)
        check.add(STATES, joint_state(START_NS + step * 2_000_000, tuple(pose)))
    assert check.check(START_NS) is None


def jumped() -> JumpCheck:
    check = JumpCheck(LAYOUT)
    check.add(STATES, joint_state(START_NS, (0.0, 0.0, 0.5)))
    check.add(STATES, joint_state(START_NS + 8_000_000, (1.0, 0.0, 0.5)))
    finding = check.check(START_NS)
    assert finding is not None
    assert finding.faults == ("jump: shoulder",)
    return check


def test_it_is_over_when_the_positions_were_quiet_for_a_while():
    check = jumped()
    for late_ns in (PERIOD_NS, QUIET_NS - 1):
        finding = check.check(START_NS + late_ns)
        assert finding is not None
        assert finding.faults == ()
        assert "shoulder" in finding.reason
    assert check.check(START_NS + QUIET_NS) is None


def test_another_joint_that_jumps_meanwhile_is_named_too_and_both_are_forgotten():
    check = jumped()
    check.add(STATES, joint_state(START_NS + 16_000_000, (1.0, -1.0, 0.5)))
    finding = check.check(START_NS + PERIOD_NS)
    assert finding is not None
    assert finding.faults == ("jump: elbow",)
    assert "shoulder, elbow" in finding.reason
    check.forget()
    check.add(STATES, joint_state(START_NS + 24_000_000, (5.0, 5.0, 0.5)))
    assert check.check(START_NS + PERIOD_NS) is None


def test_a_gripper_may_snap_and_a_message_that_cannot_be_read_is_passed_over():
    check = JumpCheck(LAYOUT)
    check.add(STATES, joint_state(START_NS, (0.0, 0.0, 1.0)))
    check.add(STATES, joint_state(START_NS + 1_000_000, (float("nan"), 0.0, 1.0)))
    check.add(STATES, joint_state(START_NS + 2_000_000, (0.0,), ("j1",)))
    check.add(STATES, joint_state(START_NS + 3_000_000, (0.01, 0.0, 0.0)))
    assert check.check(START_NS) is None
    check.add(STATES, joint_state(START_NS + 4_000_000, (1.0, 0.0, 0.0)))
    assert check.check(START_NS) is not None


def test_messages_that_nobody_checks_do_not_pile_up():
    check = JumpCheck(LAYOUT)
    for step in range(2000):
        check.add(STATES, joint_state(START_NS + step * 2_000_000, (0.0, 0.0, 0.5)))
    check.add(STATES, joint_state(START_NS + 10**10, (1000.0, 0.0, 0.5)))
    assert check.check(START_NS) is not None
    assert len(check._pending) == 0
