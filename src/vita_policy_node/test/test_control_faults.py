"""Measurements that decode well but cannot be true: each ends in a hold with its reason, and never in a leap."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from policy_node_fakes import (
    HEIGHT,
    KEYS,
    NAMES,
    PERIOD_NS,
    START_NS,
    WIDTH,
    image,
    joint_state,
    robot,
    settings,
    spec,
    wave,
)

from vita_policy_node.contract import check_contract
from vita_policy_node.control_loop import ControlLoop, PolicyState, Tick
from vita_policy_node.inference_worker import Predict
from vita_policy_node.observation_builder import ObservationBuilder
from vita_policy_node.safety import COMMAND_MEMORY_NS
from vita_policy_node.simulated_worker import SimulatedWorker
from vita_train.policy.observation import ActionChunk

LAYOUT = check_contract(robot(), spec(), KEYS, settings())
STEP = LAYOUT.limits.max_step


class Cell:
    """A loop and an arm that is where it was sent a tick ago, with cameras, joint states at 120 Hz, and faults."""

    def __init__(self, seed: int = 0, **changes: object) -> None:
        asked = settings(**changes)
        self.loop = ControlLoop(LAYOUT, asked, SimulatedWorker(self._predict(ObservationBuilder(LAYOUT, asked)), 0), 8)
        self.loop.start()
        self.fault = ""
        self.pose = np.array(wave(0))
        self.ticks: list[Tick] = []
        self.sent: list[tuple[int, np.ndarray]] = []
        self._frozen = image(START_NS).data
        self._rng = np.random.default_rng(seed)

    def _predict(self, builder: ObservationBuilder) -> Predict:
        def predict(matched) -> ActionChunk:
            first = len(self.ticks)
            builder.build(matched)
            actions = np.array([wave(first + step + 1) for step in range(16)], dtype=np.float32)
            return ActionChunk(matched.stamp_ns, PERIOD_NS, actions, NAMES)

        return predict

    def step(self) -> Tick:
        now_ns = START_NS + len(self.ticks) * PERIOD_NS
        for part in (3, 2, 1, 0):
            shown = self.pose.copy()
            if self.fault == "jitter":
                shown[:2] += self._rng.normal(0.0, 0.1, 2)
            stamp = now_ns - part * PERIOD_NS // 4
            self.loop.add_message(2, joint_state(stamp, tuple(shown)), now_ns)
        for stream in (0, 1):
            picture = image(now_ns)
            if self.fault == "blank" and stream == 1:
                picture.data = bytes(3 * HEIGHT * WIDTH)
            elif self.fault == "frozen" and stream == 1:
                picture.data = self._frozen
            elif stream == 1:
                self._frozen = picture.data
            self.loop.add_message(stream, picture, now_ns)
        tick = self.loop.tick(now_ns)
        if tick.command is not None:
            self.sent.append((now_ns, tick.command))
            moves = np.array([True, self.fault != "stuck", True])
            self.pose = np.where(moves, tick.command, self.pose)
        self.ticks.append(tick)
        return tick

    def run(self, count: int, fault: str = "") -> list[Tick]:
        self.fault = fault
        return [self.step() for _ in range(count)]

    def check(self) -> None:
        limits = LAYOUT.limits
        for _, command in self.sent:
            assert ((command >= limits.position_min) & (command <= limits.position_max)).all()
        for (before_ns, before), (after_ns, after) in pairwise(self.sent):
            if after_ns - before_ns < COMMAND_MEMORY_NS:
                assert (np.abs(after - before) <= STEP + 1e-9).all()


PASSING = {
    "blank": ("camera 'wrist' sends blank pictures", {"blank: camera 'wrist'"}),
    "frozen": ("camera 'wrist' is frozen", {"frozen: camera 'wrist'"}),
    "jitter": ("jump further than the arm can move", {"jump: shoulder", "jump: elbow"}),
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_of_the_measurements_holds_while_it_lasts(fault):
    words, faults = PASSING[fault]
    cell = Cell()
    assert {tick.state for tick in cell.run(60)} == {PolicyState.RUNNING}
    broken = cell.run(60, fault)
    # A chunk that was predicted before is executed to its end, and a picture must repeat while the arm moves.
    assert {tick.state for tick in broken[30:]} == {PolicyState.HOLDING}
    assert all(words in tick.reason for tick in broken[30:])
    assert set(cell.loop.counts.faults) == faults
    assert {reason for reason in cell.loop.counts.holds if words in reason} == set(cell.loop.counts.holds)
    assert {tick.state for tick in cell.run(40)[16:]} == {PolicyState.RUNNING}
    cell.check()


def test_a_stuck_joint_holds_until_the_next_start():
    cell = Cell()
    cell.run(60)
    broken = cell.run(60, "stuck")
    assert broken[-1].state is PolicyState.HOLDING
    assert "elbow does not move although commanded" in broken[-1].reason
    assert cell.loop.counts.faults == {"stuck: elbow": 1}
    cell.loop.discard()
    assert {tick.state for tick in cell.run(60)} == {PolicyState.HOLDING}
    cell.loop.stop("by hand")
    assert cell.run(1)[0].state is PolicyState.IDLE
    cell.loop.start()
    assert {tick.state for tick in cell.run(60)} == {PolicyState.RUNNING}
    cell.check()


@pytest.mark.parametrize("seed", range(20))
def test_a_start_does_not_trust_positions_that_jumped_just_before(seed):
    cell = Cell(seed=seed)
    cell.loop.stop("by hand")
    cell.run(30, "jitter")
    cell.loop.start()
    started = cell.run(60, "jitter")
    assert {tick.state for tick in started} == {PolicyState.HOLDING}
    assert "jump further than the arm can move" in started[0].reason
    assert {tick.state for tick in cell.run(40)[16:]} == {PolicyState.RUNNING}


def test_an_arm_that_was_moved_by_hand_before_the_start_starts_at_once():
    cell = Cell()
    cell.loop.stop("by hand")
    for _ in range(30):
        cell.pose = cell.pose + np.array([0.03, 0.03, 0.0])
        cell.run(1)
    cell.loop.start()
    assert cell.run(1)[0].state is PolicyState.RUNNING
    cell.loop.stop("by hand")
    cell.run(10, "jitter")
    cell.run(20)
    cell.loop.start()
    assert cell.run(1)[0].state is PolicyState.RUNNING
    assert not cell.loop.counts.faults


@pytest.mark.parametrize(
    ("fault", "changes"),
    [
        ("blank", {"blank_spread": 0.0, "frozen_move_rad": 0.0}),
        ("frozen", {"frozen_move_rad": 0.0}),
        ("stuck", {"stuck_s": 0.0}),
        ("stuck", {"command_prefix": "/replay"}),
    ],
)
def test_what_is_switched_off_does_not_hold(fault, changes):
    cell = Cell(**changes)
    cell.run(20)
    cell.run(60, fault)
    assert not cell.loop.counts.faults


faults = st.sampled_from(["", "blank", "frozen", "jitter", "stuck", "reset", "restart"])


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(faults, st.integers(1, 40)), min_size=1, max_size=8))
def test_no_fault_leads_to_a_command_outside_a_limit(sequence):
    cell = Cell()
    for fault, count in sequence:
        if fault == "reset":
            cell.loop.discard()
        elif fault == "restart":
            cell.loop.stop("")
            cell.loop.start()
        cell.run(count, fault)
    cell.check()
