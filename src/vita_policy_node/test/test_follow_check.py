from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from policy_node_fakes import KEYS, NAMES, PERIOD_NS, robot, robot_at, settings, spec

from vita_policy_node.contract import check_contract
from vita_policy_node.follow_check import FollowCheck
from vita_policy_node.plausibility import Finding

LAYOUT = check_contract(robot(), spec(), KEYS, settings())
STEP = LAYOUT.limits.max_step
WINDOW_NS = 1_000_000_000
TICKS = 30
"""Of one window."""


def make(window_ns: int = WINDOW_NS) -> FollowCheck:
    return FollowCheck(NAMES, LAYOUT.speed_per_s, LAYOUT.arm_joints, window_ns)


def run(check: FollowCheck, commands: np.ndarray, measured: np.ndarray, first: int = 0) -> list[Finding | None]:
    """Commands and poses [n, 3], one each tick."""
    pairs = enumerate(zip(commands, measured, strict=True), first)
    return [check.check(command, pose, tick * PERIOD_NS) for tick, (command, pose) in pairs]


def walk(shares: list[float]) -> np.ndarray:
    """Commands [n, 3] that go these shares of their largest step each tick."""
    return np.cumsum(np.array(shares)[:, None] * STEP, axis=0)


shares = st.lists(st.floats(-1.0, 1.0) | st.sampled_from([-1.0, 0.0, 1.0]), min_size=40, max_size=120)


@hypothesis_settings(max_examples=150, deadline=None)
@given(shares=shares, lag=st.integers(0, TICKS // 2), sag=st.floats(-0.3, 0.3))
def test_an_arm_that_follows_however_late_is_not_stuck(shares, lag, sag):
    commands = walk(shares)
    measured = np.concatenate([np.zeros((lag, 3)), commands])[: len(commands)] + sag
    assert run(make(), commands, measured) == [None] * len(commands)


@hypothesis_settings(max_examples=60, deadline=None)
@given(offset=st.floats(-0.7, 0.7), noise=st.floats(0.0, 0.02), seed=st.integers(0, 2**32 - 1))
def test_commands_that_rest_ask_for_no_motion(offset, noise, seed):
    """An arm on its target, one that sags below it, and one that presses against something."""
    commands = np.random.default_rng(seed).uniform(-noise, noise, (90, 3))
    assert run(make(), commands, np.full((90, 3), offset)) == [None] * 90


@pytest.mark.parametrize("speed", [0.01, 0.05, 0.19])
def test_slow_commands_say_nothing(speed):
    """Whether an arm with play follows them [rad/s] cannot be told within the window."""
    commands = np.linspace(0.0, 6 * speed, 6 * TICKS)[:, None] * np.ones(3)
    assert run(make(), commands, np.zeros_like(commands)) == [None] * len(commands)


def test_a_gripper_on_an_object_and_a_joint_without_a_step_are_left_out():
    commands = walk([1.0] * 60)
    measured = commands.copy()
    measured[:, 2] = 0.4
    assert run(make(), commands, measured) == [None] * 60
    fixed = FollowCheck(NAMES, np.zeros(3), np.ones(3, dtype=bool), WINDOW_NS)
    assert run(fixed, commands, np.zeros_like(commands)) == [None] * 60


@hypothesis_settings(max_examples=80, deadline=None)
@given(
    before=st.integers(0, 60),
    pattern=st.sampled_from([[1.0] * 8, [1.0] * 4 + [-1.0] * 4, [0.5] * 8, [-1.0] * 4 + [1.0] * 4]),
    noise=st.floats(0.0, 0.009),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_stuck_joint_is_found_within_two_windows(before, pattern, noise, seed):
    """Also under a policy that starts each chunk anew from where the joint is."""
    commands = walk([0.0] * before + pattern * 10)
    measured = commands.copy()
    measured[before:, 1] = measured[max(0, before - 1), 1]
    measured += np.random.default_rng(seed).uniform(-noise, noise, measured.shape)
    check = make()
    found = run(check, commands, measured)
    assert found[: max(before, TICKS)] == [None] * max(before, TICKS)
    first = next(finding for finding in found[: before + 2 * TICKS] if finding is not None)
    assert first.faults == ("stuck: elbow",)
    assert "elbow does not move although commanded" in first.reason
    assert check.stuck is not None


@pytest.mark.parametrize("fps", [10.0, 15.0, 100.0])
def test_any_rate_of_commands_will_do(fps):
    layout = check_contract(robot_at(fps), spec(fps=fps), KEYS, settings(rate_hz=fps))
    check = FollowCheck(NAMES, layout.speed_per_s, layout.arm_joints, WINDOW_NS)
    times_s = np.arange(0.0, 3.0, 1 / fps)
    commands = 0.3 * np.sin(3.0 * times_s)[:, None] * np.ones(3)
    stuck = np.where([False, True, False], commands[:1], commands)
    for still in (commands, stuck):
        check.start()
        pairs = zip(times_s, commands, still, strict=True)
        found = [check.check(command, pose, round(time_s * 1e9)) for time_s, command, pose in pairs]
        assert (found[-1] is not None) is bool(still is stuck)


def test_it_stays_found_until_the_next_start():
    check = make()
    commands = walk([1.0] * 40)
    assert run(check, commands, np.zeros_like(commands))[-1] is not None
    assert run(check, np.zeros((90, 3)), np.zeros((90, 3)), 40)[-1] is not None
    check.start()
    assert check.stuck is None
    assert run(check, np.zeros((90, 3)), np.zeros((90, 3)), 130) == [None] * 90


def test_after_a_pause_the_window_begins_anew():
    check = make()
    assert run(check, walk([1.0] * 10), np.zeros((10, 3))) == [None] * 10
    assert run(check, np.zeros((25, 3)), np.zeros((25, 3)), 200) == [None] * 25


def test_window_zero_is_off():
    commands = walk([1.0] * 90)
    assert run(make(0), commands, np.zeros_like(commands)) == [None] * 90
