from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from policy_node_fakes import (
    KEYS,
    NAMES,
    PERIOD_NS,
    START_NS,
    image,
    joint_state,
    oracle,
    robot,
    settings,
    spec,
    still,
    wave,
)

from vita_policy_node.contract import check_contract
from vita_policy_node.control_loop import ControlLoop, PolicyState, Tick
from vita_policy_node.observation_builder import build_observation
from vita_policy_node.simulated_worker import SimulatedWorker
from vita_train.policy.observation import ActionChunk, Observation

# So many periods are longer than a command is remembered.
COMMAND_TICKS = 16
LAYOUT = check_contract(robot(), spec(), KEYS, settings())


def make(predict=still, latency_ns: int = 0, **changes: object) -> ControlLoop:
    def run(matched):
        return predict([build_observation(LAYOUT, matched)])

    return ControlLoop(LAYOUT, settings(**changes), SimulatedWorker(run, latency_ns), 8)


def feed(loop: ControlLoop, step: int, now_ns: int | None = None, skip: int = -1) -> None:
    stamp = START_NS + step * PERIOD_NS
    for stream, message in enumerate((image(stamp), image(stamp), joint_state(stamp, wave(step)))):
        if stream != skip:
            loop.add_message(stream, message, now_ns or stamp)


def run(loop: ControlLoop, steps: range, skip: int = -1) -> list[Tick]:
    ticks = []
    for step in steps:
        feed(loop, step, skip=skip)
        ticks.append(loop.tick(START_NS + step * PERIOD_NS))
    return ticks


def test_idle_until_started_and_after_stop():
    loop = make()
    assert {tick.state for tick in run(loop, range(3))} == {PolicyState.IDLE}
    loop.start()
    assert {tick.state for tick in run(loop, range(3, 6))} == {PolicyState.RUNNING}
    loop.stop("enough")
    loop.stop("enough")
    (tick,) = run(loop, range(6, 7))
    assert (tick.state, tick.reason, tick.command) == (PolicyState.IDLE, "enough", None)


def test_the_right_action_is_commanded_at_every_tick_after_the_start_up():
    loop = make(oracle)
    loop.start()
    ticks = run(loop, range(60))
    assert all(tick.state is PolicyState.RUNNING for tick in ticks)
    for step, tick in enumerate(ticks):
        if step >= 4:
            assert tick.command is not None
            assert np.allclose(tick.command, wave(step + 3), atol=1e-6)
    assert loop.counts.chunks == 8
    assert loop.counts.commands == 60


def test_latency_is_compensated_by_dropping_late_steps():
    loop = make(oracle, latency_ns=round(2.4 * PERIOD_NS))
    loop.start()
    ticks = run(loop, range(60))
    assert [tick.state for tick in ticks[:4]] == [PolicyState.HOLDING] * 3 + [PolicyState.RUNNING]
    assert ticks[0].reason == "waiting for the first chunk"
    for step, tick in enumerate(ticks):
        if step >= 8:
            assert tick.command is not None
            assert np.allclose(tick.command, wave(step + 3), atol=1e-6)
    assert loop.scheduler.dropped_steps >= 3


def test_a_missing_stream_holds_and_names_it_until_it_is_back():
    loop = make()
    loop.start()
    run(loop, range(10))
    ticks = run(loop, range(10, 30), skip=1)
    assert ticks[0].state is PolicyState.RUNNING
    assert ticks[-1].state is PolicyState.HOLDING
    assert "camera 'wrist' is stale" in ticks[-1].reason
    assert ticks[-1].command is None
    assert run(loop, range(30, 33))[-1].state is PolicyState.RUNNING


def test_streams_that_never_match_hold():
    loop = make(slop_s=0.001)
    loop.start()
    for step in range(10):
        stamp = START_NS + step * PERIOD_NS
        loop.add_message(0, image(stamp), stamp)
        loop.add_message(1, image(stamp + 10_000_000), stamp + 10_000_000)
        loop.add_message(2, joint_state(stamp), stamp + 10_000_000)
        tick = loop.tick(stamp + 10_000_000)
    assert tick.state is PolicyState.HOLDING
    assert "slop_s" in tick.reason


def test_a_broken_message_holds_with_its_reason_and_recovers():
    loop = make()
    loop.start()
    feed(loop, 0, skip=1)
    loop.add_message(1, image(START_NS, encoding="32FC1"), START_NS)
    tick = loop.tick(START_NS)
    assert tick.state is PolicyState.HOLDING
    assert "camera 'wrist'" in tick.reason
    assert "32FC1" in tick.reason
    assert run(loop, range(1, 3))[-1].state is PolicyState.RUNNING


def test_a_joint_state_without_a_joint_holds():
    loop = make()
    loop.start()
    run(loop, range(3))
    stamp = START_NS + 3 * PERIOD_NS
    feed(loop, 3, skip=2)
    loop.add_message(2, joint_state(stamp, (0.0, 0.0), ("j1", "j2")), stamp)
    tick = loop.tick(stamp)
    assert tick.state is PolicyState.HOLDING
    assert "['grip']" in tick.reason


def test_a_chunk_that_is_not_finite_is_never_sent():
    def broken(observed: Sequence[Observation]) -> ActionChunk:
        actions = np.zeros((16, 3), dtype=np.float32)
        actions[:, 1] = np.nan
        return ActionChunk(observed[-1].stamp_ns, PERIOD_NS, actions, NAMES)

    loop = make(broken)
    loop.start()
    ticks = run(loop, range(10))
    assert all(tick.command is None for tick in ticks)
    assert loop.counts.hits["finite: elbow"] == 10
    assert loop.counts.holds["the policy's action is not finite"] == 10


def test_a_jump_of_the_policy_is_limited_to_one_step_a_tick():
    def far(observed: Sequence[Observation]) -> ActionChunk:
        return ActionChunk(observed[-1].stamp_ns, PERIOD_NS, np.full((16, 3), 9.0, np.float32), NAMES)

    loop = make(far)
    loop.start()
    commands = [tick.command for tick in run(loop, range(5))]
    assert np.allclose(commands[0] - np.array(wave(0)), [0.05, 0.05, 0.2])
    assert np.allclose(np.diff(np.array(commands), axis=0)[:, :2], 0.05)
    assert loop.counts.limited == 5


def test_a_reset_drops_the_chunk():
    loop = make(oracle)
    loop.start()
    run(loop, range(10))
    loop.discard()
    tick = loop.tick(START_NS + 9 * PERIOD_NS + 1_000_000)
    assert tick.chunk is not None
    assert tick.command is not None
    assert np.abs(tick.command - np.array(wave(9))).max() <= 0.2


def test_time_that_jumps_back_starts_anew_when_the_arm_has_settled():
    loop = make(oracle)
    loop.start()
    run(loop, range(40))
    ticks = run(loop, range(25))
    held = [tick.state is PolicyState.HOLDING for tick in ticks]
    assert held == [True] * COMMAND_TICKS + [False] * (25 - COMMAND_TICKS)
    assert "until the arm has reached the command" in ticks[1].reason
    assert np.allclose(ticks[-1].command, wave(27), atol=1e-6)


def test_a_joint_state_of_another_robot_does_not_hide_this_one_s():
    loop = make()
    loop.start()
    for step in range(6):
        feed(loop, step)
        stamp = START_NS + step * PERIOD_NS + 1000
        loop.add_message(2, joint_state(stamp, (1.0,), ("other_joint",)), stamp)
        assert loop.tick(stamp).state is PolicyState.RUNNING
    assert loop.sync.rules.counts[2].refused == 6
    assert loop.sync.rules.refusals["joint state '/arm/joint_states': names none of this robot's joints"] == 6


def test_a_bug_in_the_model_is_raised_in_the_tick():
    def crash(observed: Sequence[Observation]) -> ActionChunk:
        raise RuntimeError("device lost")

    loop = make(crash)
    loop.start()
    feed(loop, 0)
    with pytest.raises(RuntimeError, match="device lost"):
        loop.tick(START_NS)


message_kinds = st.sampled_from(["good", "nan", "renamed", "zero", "repeat", "back", "far", "encoding", "size", "none"])


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(message_kinds, message_kinds, st.integers(-2, 4)), min_size=5, max_size=40))
def test_no_sequence_of_messages_crashes_or_leaves_the_limits(sequence):
    loop = make(oracle)
    loop.start()
    now = START_NS
    last = None
    for camera, joints, advance in sequence:
        now += advance * PERIOD_NS // 2
        for stream in (0, 1):
            broken = {"encoding": image(now, encoding="yuv"), "size": image(now, height=3), "zero": image(0)}
            stamps = {"repeat": START_NS, "back": now - 10**9, "far": now + 10**10}
            if camera != "none":
                loop.add_message(stream, broken.get(camera, image(stamps.get(camera, now))), now)
        values = (float("nan"), 0.0, 0.0) if joints == "nan" else (0.1, 0.2, 0.3)
        names = ("x", "y", "z") if joints == "renamed" else ("j1", "j2", "grip")
        stamp = {"zero": 0, "repeat": START_NS, "back": now - 10**9, "far": now + 10**10}.get(joints, now)
        if joints != "none":
            loop.add_message(2, joint_state(max(0, stamp), values, names), now)
        tick = loop.tick(now)
        if tick.command is not None:
            limits = LAYOUT.limits
            assert ((tick.command >= limits.position_min) & (tick.command <= limits.position_max)).all()
            reference = last if last is not None else np.array([0.1, 0.2, 0.3])
            assert np.isfinite(tick.command - reference).all()
            last = tick.command
