from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from policy_node_fakes import FPS, KEYS, PERIOD_NS, START_NS, image, joint_state, robot, settings, spec, still
from rclpy.parameter import Parameter

from vita_dataset.errors import DataError
from vita_policy_node.contract import check_contract
from vita_policy_node.control_loop import ControlLoop, PolicyState
from vita_policy_node.live_parameters import retuned
from vita_policy_node.observation_builder import ObservationBuilder
from vita_policy_node.parameters import accept_change
from vita_policy_node.serving import Serving
from vita_policy_node.settings import SETTINGS
from vita_policy_node.simulated_worker import SimulatedWorker

LIVE = {setting.name for setting in SETTINGS if setting.live}
DOCS = Path(__file__).resolve().parents[3] / "docs" / "deploy.md"


def parameters(**changes: object) -> list[Parameter]:
    return [Parameter(name, value=value) for name, value in changes.items()]


class Running:
    """A loop that serves ``still`` with two cameras whose stamps lie 10 ms apart."""

    def __init__(self) -> None:
        values = settings(rate_hz=FPS)
        layout = check_contract(robot(), spec(), KEYS, values)
        builder = ObservationBuilder(layout, values)
        worker = SimulatedWorker(lambda matched: still(builder.build(matched)), 0)
        self.loop = ControlLoop(layout, values, worker, 8)
        self.serving = Serving(SimpleNamespace(), layout, values, builder)
        self.step = 0
        self.loop.start()

    def retune(self, **changes: object) -> None:
        self.serving = retuned(self.serving, self.loop, {"rate_hz": FPS, **changes})

    def run(self, steps: int, blank: bool = False):
        for _ in range(steps):
            self.step += 1
            now_ns = START_NS + self.step * PERIOD_NS
            for stream in (0, 1):
                message = image(now_ns - stream * 10_000_000)
                if blank:
                    message.data = np.zeros(len(message.data), np.uint8).tobytes()
                self.loop.add_message(stream, message, now_ns)
            self.loop.add_message(2, joint_state(now_ns), now_ns)
            tick = self.loop.tick(now_ns)
        return tick


def test_what_is_not_live_waits_until_the_node_is_not_configured():
    both = parameters(slop_s=0.05, schedule="blend")
    refused = accept_change(both, configured=True)
    assert not refused.successful
    assert "['schedule'] are read when the node configures" in refused.reason
    assert accept_change(both, configured=False).successful
    assert accept_change(both[:1], configured=True).successful


@pytest.mark.parametrize(("name", "value"), [("limit_mode", "maybe"), ("slop_s", float("nan")), ("age_skip", 7.0)])
def test_a_live_parameter_takes_no_value_that_it_may_not_have(name, value):
    refused = accept_change(parameters(**{name: value}), configured=True)
    assert not refused.successful
    assert name in refused.reason


def test_the_checkpoint_parameter_may_only_name_what_was_adopted():
    assert accept_change(parameters(checkpoint="b"), configured=True, adopted="b").successful
    assert not accept_change(parameters(checkpoint="a"), configured=True, adopted="b").successful


def test_nothing_changes_while_the_settings_are_the_same():
    running = Running()
    before = running.serving
    running.retune()
    assert running.serving is before
    with pytest.raises(DataError, match="slop_s"):
        running.retune(slop_s=-1.0)
    assert running.serving is before


def test_another_slop_matches_from_the_next_messages_on():
    running = Running()
    assert running.run(3).state is PolicyState.RUNNING
    running.retune(slop_s=0.005)
    matched = running.loop.sync.matched_sets
    running.run(5)
    assert running.loop.sync.matched_sets == matched
    running.retune(slop_s=0.02)
    running.run(5)
    assert running.loop.sync.matched_sets == matched + 5
    assert running.serving.settings.slop_s == 0.02


def test_the_pictures_are_judged_by_the_new_limits():
    running = Running()
    assert "blank" in running.run(3, blank=True).reason
    running.retune(blank_spread=0.0)
    assert running.run(3, blank=True).state is PolicyState.RUNNING


def test_a_change_goes_on_from_the_last_command():
    running = Running()
    running.run(5)
    sent = running.loop._sent
    running.retune(limit_mode="hold", max_lag_steps=3, age_stop=5.0)
    assert running.loop._sent is sent
    assert running.run(1).state is PolicyState.RUNNING
    assert running.loop._ages.judge([0, 0, 10**10]).stop


def test_the_documentation_names_those_that_are_live():
    (told,) = [line for line in DOCS.read_text(encoding="utf-8").split("\n\n") if line.startswith("These may change")]
    assert {word for word in told.split("`")[1::2] if word in {setting.name for setting in SETTINGS}} == LIVE
