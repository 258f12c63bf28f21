"""What ends or interrupts a run from outside the limits: a switch, silence, a hanging model, hits in a row."""

from __future__ import annotations

import numpy as np
from policy_node_fakes import KEYS, NAMES, PERIOD_NS, START_NS, image, joint_state, robot, settings, spec

from vita_policy_node.contract import check_contract
from vita_policy_node.control_loop import ControlLoop, PolicyState
from vita_policy_node.simulated_worker import SimulatedWorker
from vita_train.policy.observation import ActionChunk

LAYOUT = check_contract(robot(), spec(), KEYS, settings())
SECOND = 1_000_000_000


class Cell:
    """A started loop whose arm is where it was sent, a policy that goes to ``target``, and streams that may end."""

    def __init__(self, latency_ns: int = 0, **changes: object) -> None:
        def predict(matched) -> ActionChunk:
            actions = np.tile(np.array([self.target, 0.0, 0.5], np.float32), (16, 1))
            return ActionChunk(matched.stamp_ns, PERIOD_NS, actions, NAMES)

        self.loop = ControlLoop(LAYOUT, settings(**changes), SimulatedWorker(predict, latency_ns), 8)
        self.loop.start()
        self.target, self.pose, self.ticks = 0.0, (0.0, 0.0, 0.5), 0
        self.silent: set[int] = set()

    def run(self, count: int, blocked: str = ""):
        for _ in range(count):
            now_ns = START_NS + self.ticks * PERIOD_NS
            self.ticks += 1
            for stream, message in enumerate((image(now_ns), image(now_ns), joint_state(now_ns, self.pose))):
                if stream not in self.silent:
                    self.loop.add_message(stream, message, now_ns)
            tick = self.loop.tick(now_ns, blocked)
            if tick.command is not None:
                self.pose = tuple(tick.command)
        return tick


def test_what_is_blocked_from_outside_holds_with_its_reason_and_goes_on_by_itself():
    cell = Cell()
    assert cell.run(3).state is PolicyState.RUNNING
    tick = cell.run(5, "the switch is released")
    assert (tick.state, tick.reason, tick.command) == (PolicyState.HOLDING, "the switch is released", None)
    assert cell.loop.counts.holds["the switch is released"] == 5
    assert cell.run(1).state is PolicyState.RUNNING


def test_a_stream_that_ages_is_told_then_held_for_and_then_stops_the_policy():
    cell = Cell(age_warn=0.5, age_stop=5.0)
    cell.run(3)
    cell.silent.add(1)
    cell.run(4)
    assert dict(cell.loop.counts.warnings) == {"age: camera 'wrist' older than 0.1 s": 1}
    assert cell.run(4).state is PolicyState.HOLDING
    tick = cell.run(25)
    assert (tick.state, tick.reason) == (PolicyState.IDLE, "camera 'wrist' has been silent for 1 s")
    cell.silent.clear()
    assert cell.run(5).state is PolicyState.IDLE


def test_without_age_stop_a_hold_never_becomes_a_stop():
    cell = Cell()
    cell.run(3)
    cell.silent.add(1)
    assert cell.run(300).state is PolicyState.HOLDING
    cell.silent.clear()
    assert cell.run(1).state is PolicyState.RUNNING


def test_nothing_is_predicted_from_a_stream_that_is_older_than_age_skip():
    counts = []
    for skip in (1.0, 0.2):
        cell = Cell(age_skip=skip)
        cell.run(6)
        cell.silent.add(2)
        cell.run(4)
        counts.append(cell.loop.counts.chunks)
    assert counts == [2, 1]


def test_hits_in_a_row_stop_the_policy():
    cell = Cell(max_violations=10)
    cell.target = 9.0
    tick = cell.run(9)
    assert tick.state is PolicyState.RUNNING
    tick = cell.run(1)
    assert (tick.state, tick.command) == (PolicyState.IDLE, None)
    assert "10 actions in a row hit a limit, the last one position: shoulder; step: shoulder" in tick.reason
    assert not cell.loop.running
    assert cell.loop.counts.holds[tick.reason] == 1
    cell.loop.start()
    assert cell.run(9).state is PolicyState.RUNNING


def test_a_model_that_hangs_stops_the_policy():
    cell = Cell(latency_ns=3600 * SECOND, inference_timeout_s=2.0)
    assert cell.run(60).reason == "waiting for the first chunk"
    tick = cell.run(5)
    assert tick.state is PolicyState.IDLE
    assert "for more than 2 s and may hang" in tick.reason


def test_the_watch_of_the_model_begins_anew_with_each_prediction():
    cell = Cell(latency_ns=SECOND // 5, inference_timeout_s=0.5)
    assert cell.run(200).state is not PolicyState.IDLE
    assert cell.loop.counts.chunks > 5
