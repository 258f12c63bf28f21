"""A replay with more ticks than the recording has steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from policy_node_fakes import KEYS, PERIOD_NS, START_NS, oracle, robot, settings, spec, wave, write_bag

from vita_policy_node.contract import check_contract
from vita_policy_node.replay import replay_bag
from vita_policy_node.replay_report import make_report

STEPS = 60


@pytest.fixture(scope="module")
def bag(tmp_path_factory) -> Path:
    return write_bag(tmp_path_factory.mktemp("bag") / "episode", STEPS)


@pytest.mark.parametrize("rate_hz", [45.0, 60.0, 125.0])
@pytest.mark.parametrize("schedule", ["open_loop", "blend"])
def test_more_ticks_command_the_same_motion_and_meet_every_recorded_action(bag, rate_hz, schedule):
    chosen = settings(rate_hz=rate_hz, schedule=schedule)
    layout = check_contract(robot(), spec(), KEYS, chosen, 8)
    result = replay_bag(bag, layout, chosen, oracle, 8, 2 * PERIOD_NS)
    compared = [tick for tick in result.ticks if tick.recorded is not None]
    assert len(compared) == STEPS
    for tick in result.ticks:
        step = (tick.stamp_ns - START_NS) / PERIOD_NS
        if step > 8:
            assert tick.command is not None
            assert np.allclose(tick.command, wave(step + 3), atol=5e-4)
    report = make_report(result, np.array([tick.recorded for tick in compared]), None, {})
    assert report.beats_hold
    assert report.policy.count >= STEPS - 4
