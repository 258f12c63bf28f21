"""The control loop with more ticks than the policy has steps, and with each schedule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from policy_node_fakes import KEYS, NAMES, PERIOD_NS, START_NS, image, joint_state, oracle, robot, settings, spec, wave

from vita_policy_node.contract import Layout, check_contract
from vita_policy_node.control_loop import ControlLoop, PolicyState, Tick
from vita_policy_node.observation_builder import build_observation
from vita_policy_node.observation_sync import MatchedSet
from vita_policy_node.simulated_worker import SimulatedWorker
from vita_train.policy.observation import ActionChunk, Observation

SCHEDULES = ("open_loop", "receding", "temporal_ensemble", "blend")


class Bench:
    """A control loop whose drivers send at the policy's rate; it is ticked ``ticks_per_step`` times as often."""

    def __init__(self, predict=oracle, ticks_per_step: int = 1, latency_ns: int = 0, **changes: object) -> None:
        chosen = settings(rate_hz=30.0 * ticks_per_step, **changes)
        self.layout: Layout = check_contract(robot(), spec(), KEYS, chosen, 8)
        self.seen: list[MatchedSet] = []

        def run(matched: MatchedSet) -> ActionChunk:
            self.seen.append(matched)
            return predict([build_observation(self.layout, matched)])

        self.loop = ControlLoop(self.layout, chosen, SimulatedWorker(run, latency_ns), 8, obs_horizon=2)
        self._ticks_per_step = ticks_per_step
        self.loop.start()

    def run(self, steps: int, pose: tuple[float, float, float] | None = None) -> list[tuple[float, Tick]]:
        """Each tick with its time in steps."""
        ticks = []
        for number in range(steps * self._ticks_per_step):
            step, now_ns = number // self._ticks_per_step, START_NS + number * self.layout.period_ns
            stamp = START_NS + step * PERIOD_NS
            if number % self._ticks_per_step == 0:
                joints = joint_state(stamp, pose or wave(step))
                for stream, message in enumerate((image(stamp), image(stamp), joints)):
                    self.loop.add_message(stream, message, max(now_ns, stamp))
            ticks.append((number / self._ticks_per_step, self.loop.tick(max(now_ns, stamp))))
        return ticks


def far(observed: Sequence[Observation]) -> ActionChunk:
    return ActionChunk(observed[-1].stamp_ns, PERIOD_NS, np.full((16, 3), 0.9, np.float32), NAMES)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("ticks_per_step", [1, 4])
def test_a_policy_that_is_right_is_followed_at_every_tick(schedule, ticks_per_step):
    bench = Bench(oracle, ticks_per_step, latency_ns=round(2.4 * PERIOD_NS), schedule=schedule)
    for step, tick in bench.run(50)[20 * ticks_per_step :]:
        assert tick.state is PolicyState.RUNNING
        # Between two steps on the straight line, which the wave leaves by less than this.
        assert np.allclose(tick.command, wave(step + 3), atol=5e-4)
    assert bench.loop.counts.faults == {}


@pytest.mark.parametrize("ticks_per_step", [1, 2, 5])
def test_more_ticks_make_no_joint_faster(ticks_per_step):
    """Starts at the pose 0, 0, 0.5 and heads for 0.9 as fast as max_step (0.05, 0.05, 0.2 a step) lets it."""
    bench = Bench(far, ticks_per_step)
    commands = [tick.command for _, tick in bench.run(3, pose=(0.0, 0.0, 0.5))]
    expected = np.arange(1, len(commands) + 1)[:, None] * np.array([0.05, 0.05, 0.2]) / ticks_per_step
    assert np.allclose(commands, np.minimum(np.array([0.0, 0.0, 0.5]) + expected, 0.9), atol=1e-6)


@pytest.mark.parametrize("ticks_per_step", [1, 4])
def test_the_arm_may_lag_as_far_behind_as_with_one_tick_a_step(ticks_per_step):
    bench = Bench(far, ticks_per_step, max_lag_steps=3, stuck_s=0.0)
    commands = [tick.command for _, tick in bench.run(8, pose=(0.0, 0.0, 0.5)) if tick.command is not None]
    assert commands[-1][0] == pytest.approx(0.15)


def test_the_policy_looks_back_one_of_its_own_steps():
    bench = Bench(oracle, ticks_per_step=4)
    bench.run(12)
    newest = bench.seen[-1]
    assert newest.stamp_ns - newest.earlier[0].stamp_ns == PERIOD_NS


def disagreeing(observed: Sequence[Observation]) -> ActionChunk:
    """Chunks that differ by 0.04 from one to the next, and whose gripper opens and shuts."""
    stamp_ns = observed[-1].stamp_ns
    odd = (stamp_ns - START_NS) // PERIOD_NS // 8 % 2
    actions = np.tile(np.array([0.04 * odd, 0.0, 0.5 + 0.1 * odd], dtype=np.float32), (16, 1))
    return ActionChunk(stamp_ns, PERIOD_NS, actions, NAMES)


def test_blending_spreads_a_seam_over_its_steps_but_not_the_gripper_s():
    steps = {}
    for schedule in ("open_loop", "blend"):
        ticks = Bench(disagreeing, schedule=schedule).run(40, pose=(0.0, 0.0, 0.5))
        steps[schedule] = np.abs(np.diff([tick.command for _, tick in ticks], axis=0)).max(axis=0)
    assert steps["open_loop"] == pytest.approx([0.04, 0.0, 0.1], abs=1e-6)
    assert steps["blend"] == pytest.approx([0.01, 0.0, 0.1], abs=1e-6)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_discarded_chunk_is_in_no_later_command(schedule):
    bench = Bench(disagreeing, schedule=schedule)
    bench.run(9, pose=(0.0, 0.0, 0.5))
    bench.loop.discard()
    assert bench.loop.scheduler.remaining(START_NS + 9 * PERIOD_NS) == 0
    stamp = START_NS + 9 * PERIOD_NS
    for stream, message in enumerate((image(stamp), image(stamp), joint_state(stamp, (0.0, 0.0, 0.5)))):
        bench.loop.add_message(stream, message, stamp)
    tick = bench.loop.tick(stamp)
    assert tick.due is not None
    assert tick.due.chunk_stamp_ns == stamp
    assert tick.due.action.tolist() == pytest.approx([0.04, 0.0, 0.6])
