"""A dry run: everything but a command, and an arm that does not follow."""

from __future__ import annotations

import numpy as np
import pytest
from policy_node_fakes import KEYS, NAMES, PERIOD_NS, START_NS, image, joint_state, robot, settings, spec

from vita_policy_node.contract import check_contract
from vita_policy_node.control_loop import ControlLoop, PolicyState, Tick
from vita_policy_node.simulated_worker import SimulatedWorker
from vita_policy_node.start_gate import StartPoses
from vita_train.policy.observation import ActionChunk

POSE = (0.0, 0.0, 0.5)


def away(matched: object) -> ActionChunk:
    """A policy that leads both arm joints away as fast as they may, for seconds."""
    stamp_ns = matched.stamp_ns
    steps = (stamp_ns - START_NS) / PERIOD_NS + np.arange(1, 17)
    actions = np.stack([0.05 * steps, -0.05 * steps, np.full(16, 0.5)], axis=1).clip(-2.5, 2.5)
    return ActionChunk(stamp_ns, PERIOD_NS, actions.astype(np.float32), NAMES)


def run(steps: int, start_low: float | None = None, **changes: object) -> list[Tick]:
    """The ticks of a loop whose arm never moves."""
    values = settings(**changes)
    layout = check_contract(robot(), spec(), KEYS, values)
    poses = None
    if start_low is not None:
        poses = StartPoses(NAMES, np.full(3, start_low), np.full(3, start_low + 0.1), layout.arm_joints)
    loop = ControlLoop(layout, values, SimulatedWorker(away, 0), 8, start_poses=poses)
    loop.start()
    ticks = []
    for step in range(steps):
        now_ns = START_NS + step * PERIOD_NS
        for stream in (0, 1):
            loop.add_message(stream, image(now_ns), now_ns)
        loop.add_message(2, joint_state(now_ns, POSE), now_ns)
        ticks.append(loop.tick(now_ns))
    return ticks


def test_an_arm_that_does_not_follow_is_no_fault_in_a_dry_run():
    assert {tick.state for tick in run(60, dry_run=True)[2:]} == {PolicyState.RUNNING}
    assert "does not follow" in run(60)[-1].reason or "does not move" in run(60)[-1].reason


def test_the_other_limits_hold_in_a_dry_run():
    commands = np.array([tick.command for tick in run(60, dry_run=True) if tick.command is not None])
    assert (np.abs(np.diff(commands, axis=0)) <= np.array([0.05, 0.05, 0.2]) + 1e-9).all()
    assert (np.abs(commands) <= [3.0, 3.0, 1.0]).all()


@pytest.mark.parametrize(
    ("gate", "state"), [("refuse", PolicyState.IDLE), ("ramp", PolicyState.RUNNING), ("off", PolicyState.RUNNING)]
)
def test_a_start_that_would_be_refused_is_refused_but_no_ramp_is_awaited(gate, state):
    assert run(20, start_low=1.0, dry_run=True, start_gate=gate)[-1].state is state
