"""Drivers, clocks and models that fail, one fault at a time: the loop says which and sends nothing meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from policy_node_fakes import KEYS, NAMES, PERIOD_NS, START_NS, image, joint_state, robot, settings, spec, wave

from vita_policy_node.contract import check_contract
from vita_policy_node.control_loop import ControlLoop, PolicyState, Tick
from vita_policy_node.observation_builder import build_observation
from vita_policy_node.safety import COMMAND_MEMORY_NS
from vita_policy_node.simulated_worker import SimulatedWorker
from vita_train.policy.observation import ActionChunk

LAYOUT = check_contract(robot(), spec(), KEYS, settings())
STREAMS = ("camera 'front'", "camera 'wrist'", "joint state '/arm/joint_states'")


class Cell:
    """A started loop whose arm stays where it is; ``mend`` may change a message, or lose it, before it arrives."""

    def __init__(self, latency_ns: int = 0, **changes: object) -> None:
        def predict(matched) -> ActionChunk:
            build_observation(LAYOUT, matched)
            return ActionChunk(matched.stamp_ns, PERIOD_NS, np.tile(np.float32(wave(0)), (16, 1)), NAMES)

        self.loop = ControlLoop(LAYOUT, settings(**changes), SimulatedWorker(predict, latency_ns), 8)
        self.loop.start()
        self.ticks, self.offset_ns = 0, 0
        self.broken: dict[int, Callable[[object], object | None]] = {}

    def run(self, count: int) -> list[Tick]:
        return [self._step() for _ in range(count)]

    def _step(self) -> Tick:
        now_ns = START_NS + self.ticks * PERIOD_NS + self.offset_ns
        self.ticks += 1
        for stream, message in enumerate((image(now_ns), image(now_ns), joint_state(now_ns, wave(0)))):
            sent = self.broken.get(stream, lambda whole: whole)(message)
            if sent is not None:
                self.loop.add_message(stream, sent, now_ns)
        return self.loop.tick(now_ns)


def _states(ticks: list[Tick]) -> set[PolicyState]:
    return {tick.state for tick in ticks}


@pytest.mark.parametrize("stream", range(3), ids=STREAMS)
def test_a_stream_that_falls_silent_holds_by_name_and_goes_on_when_it_is_back(stream):
    cell = Cell()
    assert _states(cell.run(5)) == {PolicyState.RUNNING}
    cell.broken[stream] = lambda _message: None
    held = cell.run(30)[-20:]
    assert _states(held) == {PolicyState.HOLDING}
    assert held[-1].reason == f"{STREAMS[stream]} is stale, older than 0.2 s"
    cell.broken.clear()
    assert cell.run(2)[-1].state is PolicyState.RUNNING


@pytest.mark.parametrize("stream", range(3), ids=STREAMS)
def test_a_driver_that_repeats_its_last_stamp_is_a_silent_one(stream):
    cell = Cell()
    cell.run(5)
    stamp_ns = START_NS + 4 * PERIOD_NS
    last = joint_state(stamp_ns, wave(0)) if stream == 2 else image(stamp_ns)
    cell.broken[stream] = lambda _message: last
    held = cell.run(30)[-20:]
    assert _states(held) == {PolicyState.HOLDING}
    assert held[-1].reason.startswith(f"{STREAMS[stream]} is stale")
    assert "its stamp repeats, the driver is frozen" in held[-1].reason
    assert cell.loop.sync.rules.refusals == {f"{STREAMS[stream]}: repeated": 30}


@pytest.mark.parametrize("stream", range(3), ids=STREAMS)
def test_a_driver_that_never_stamps_is_told_so(stream):
    cell = Cell()

    def unstamped(message):
        message.header.stamp.sec = message.header.stamp.nanosec = 0
        return message

    cell.broken[stream] = unstamped
    held = cell.run(10)
    assert _states(held) == {PolicyState.HOLDING}
    assert held[-1].reason == (
        f"{STREAMS[stream]} has sent nothing usable; its last message was refused: its stamp is 0, let the driver fill "
        "header.stamp"
    )


@pytest.mark.parametrize("jump_s", [-3600, -1, -0.3, 0.6, 3600])
def test_a_clock_that_jumps_holds_until_the_arm_has_reached_the_last_command(jump_s):
    cell = Cell()
    assert _states(cell.run(5)) == {PolicyState.RUNNING}
    cell.offset_ns += round(jump_s * 1e9)
    # The drivers jump with it, as under a simulator; their old messages must not count as fresh ones.
    ticks = cell.run(40)
    first = next(index for index, tick in enumerate(ticks) if tick.command is not None)
    assert (first + 1) * PERIOD_NS > COMMAND_MEMORY_NS
    assert _states(ticks[:first]) == {PolicyState.HOLDING}
    assert _states(ticks[first:]) == {PolicyState.RUNNING}


def test_a_model_slower_than_its_chunks_are_long_never_sends_what_is_over():
    cell = Cell(latency_ns=20 * PERIOD_NS)
    ticks = cell.run(100)
    assert _states(ticks) == {PolicyState.HOLDING}
    assert {tick.reason for tick in ticks} <= {"waiting for the first chunk", "starved: the next chunk is late"}
    assert cell.loop.scheduler.late_chunks > 2


def test_a_slow_model_holds_between_its_chunks_and_never_sends_an_old_step():
    cell = Cell(latency_ns=10 * PERIOD_NS)
    ticks = cell.run(200)[40:]
    assert _states(ticks) == {PolicyState.RUNNING, PolicyState.HOLDING}
    assert {tick.reason for tick in ticks if tick.command is None} == {"starved: the next chunk is late"}
    assert all(10 <= tick.due.step < 16 for tick in ticks if tick.due is not None)


@pytest.mark.parametrize("position", [1e39, -1e300, 2e6])
def test_a_position_that_no_joint_can_have_reaches_neither_gate_nor_policy(position):
    cell = Cell()

    def wild(message):
        message.position[1] = position
        return message

    cell.broken[2] = wild
    held = cell.run(5)
    assert _states(held) == {PolicyState.HOLDING}
    assert "the measured position of ['j2'] is beyond 1e+06; check the robot's driver" in held[-1].reason
    assert cell.loop.counts.chunks == 0
