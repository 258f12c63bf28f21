"""What the arm's controller sees: commands that never leap, and that never run away from an arm that stands still."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from policy_node_fakes import KEYS, NAMES, PARAMETERS, PERIOD_NS, START_NS, image, joint_state, robot, settings, spec

from vita_dataset.robot import parse_robot
from vita_policy_node.contract import Layout, check_contract
from vita_policy_node.control_loop import ControlLoop, PolicyState
from vita_policy_node.observation_builder import build_observation
from vita_policy_node.safety import COMMAND_MEMORY_NS
from vita_policy_node.simulated_worker import SimulatedWorker
from vita_train.policy.observation import ActionChunk, Observation

LAYOUT = check_contract(robot(), spec(), KEYS, settings())
STEP = LAYOUT.limits.max_step


class Arm:
    """A loop, its clock and an arm that is where it was commanded ``lag`` ticks ago; real time goes evenly."""

    def __init__(self, lag: int = 0, target: float = 2.5, layout: Layout = LAYOUT, **changes: object) -> None:
        def predict(matched) -> ActionChunk:
            observation: Observation = build_observation(layout, matched)
            actions = np.tile(np.array([self.target, -self.target, 0.5], np.float32), (16, 1))
            return ActionChunk(observation.stamp_ns, PERIOD_NS, actions, NAMES)

        self.target = target
        self.loop = ControlLoop(layout, settings(**changes), SimulatedWorker(predict, 0), 8)
        self.loop.start()
        self.ticks, self.offset_ns, self.lag = 0, 0, lag
        self.poses = [np.array([0.0, 0.0, 0.5])]
        self.sent: list[tuple[int, np.ndarray]] = []
        self.silent = False

    @property
    def measured(self) -> np.ndarray:
        return self.poses[max(0, len(self.poses) - 1 - self.lag)]

    def step(self) -> PolicyState:
        real_ns = self.ticks * PERIOD_NS
        now_ns = START_NS + real_ns + self.offset_ns
        for stream in (0, 1):
            if not self.silent:
                self.loop.add_message(stream, image(now_ns), now_ns)
        self.loop.add_message(2, joint_state(now_ns, tuple(self.measured)), now_ns)
        tick = self.loop.tick(now_ns)
        if tick.command is not None:
            self.sent.append((real_ns, tick.command))
        self.poses.append(self.poses[-1] if tick.command is None else tick.command)
        self.ticks += 1
        self.reason = tick.reason
        return tick.state

    def check(self) -> None:
        for (before_ns, before), (after_ns, after) in zip(self.sent, self.sent[1:], strict=False):
            if after_ns - before_ns < COMMAND_MEMORY_NS:
                assert (np.abs(after - before) <= STEP + 1e-9).all(), (before_ns / 1e9, after - before)


EVENTS = ("", "", "reset", "restart", "reactivate", "silent", "late", "turn")
events = st.tuples(st.sampled_from(EVENTS), st.integers(1, 12), st.integers(-2000, 2000) | st.just(0) | st.just(500))


@hypothesis_settings(max_examples=150, deadline=None)
@given(lag=st.integers(0, 8), sequence=st.lists(events, min_size=2, max_size=12))
def test_consecutive_commands_are_never_further_apart_than_a_step(lag, sequence):
    arm = Arm(lag)
    for _ in range(12):
        arm.step()
    for event, count, jump_ms in sequence:
        if event == "reset":
            arm.loop.discard()
        elif event == "restart":
            arm.loop.stop("")
            arm.loop.start()
        elif event == "reactivate":
            arm.loop.stop("")
            arm.loop.forget()
            arm.loop.start()
        elif event == "late":
            late_ns = START_NS + arm.ticks * PERIOD_NS + arm.offset_ns
            arm.loop.add_message(1, image(late_ns - 600_000_000), late_ns)
        elif event == "turn":
            arm.target = -arm.target
        elif event == "":
            arm.offset_ns += jump_ms * 1_000_000
        arm.silent = event == "silent"
        for _ in range(count):
            arm.step()
    arm.check()


@pytest.mark.parametrize("event", ["reset", "silent", "restart"])
def test_an_arm_that_lags_is_not_thrown_back(event):
    arm = Arm(lag=6)
    for step in range(60):
        if step == 20 and event == "reset":
            arm.loop.discard()
        if step == 20 and event == "restart":
            arm.loop.stop("")
            arm.loop.start()
        arm.silent = event == "silent" and 20 <= step < 29
        arm.step()
    arm.check()
    assert len(arm.sent) > 40


def test_an_arm_that_does_not_follow_is_not_pushed_further():
    arm = Arm(lag=10**9)
    states = [arm.step() for _ in range(120)]
    assert states[:14] == [PolicyState.RUNNING] * 14
    assert states[15:] == [PolicyState.HOLDING] * 105
    assert "does not follow: shoulder, elbow" in arm.reason
    assert 0.7 - 1e-9 <= arm.sent[-1][1][0] <= 0.75
    arm.target = 0.0
    assert [arm.step() for _ in range(9)][-1] is PolicyState.RUNNING
    assert np.abs(arm.sent[-1][1][:2]).max() < 0.7
    arm.check()


def test_stopped_and_started_again_an_arm_that_did_not_follow_counts_from_its_pose():
    arm = Arm(lag=10**9, max_lag_steps=4)
    for _ in range(30):
        arm.step()
    arm.loop.stop("by hand")
    for _ in range(16):
        arm.step()
    arm.loop.start()
    assert arm.step() is PolicyState.RUNNING
    assert np.allclose(arm.sent[-1][1][:2], [0.05, -0.05])


def test_with_limits_of_motion_each_command_changes_the_speed_by_little_and_a_hold_starts_anew():
    limited = {**PARAMETERS["arm"]["arm"], "max_velocity": [0.6, 0.6, 100.0], "max_acceleration": [2.0, 2.0, 1000.0]}
    layout = check_contract(parse_robot({**PARAMETERS, "arm": {"arm": limited}}), spec(), KEYS, settings())
    arm = Arm(layout=layout)
    for step in range(150):
        arm.silent = 60 <= step < 69
        arm.step()
    assert len(arm.sent) > 130
    period = PERIOD_NS / 1e9
    speed = np.zeros(2)
    for (before_ns, before), (after_ns, after) in zip(arm.sent, arm.sent[1:], strict=False):
        held = after_ns - before_ns > PERIOD_NS
        now = (after - before)[:2] / period
        assert (np.abs(now) <= 0.6 + 1e-9).all()
        assert (np.abs(now - (0.0 if held else speed)) <= 2.0 * period + 1e-9).all() or before_ns == 0
        speed = now
    assert np.allclose(arm.sent[-1][1][:2], [2.5, -2.5], atol=1e-6)
    assert arm.loop.counts.hits["acceleration: shoulder"] > 0
    assert np.allclose(layout.speed_per_s, [0.6, 0.6, 6.0])
