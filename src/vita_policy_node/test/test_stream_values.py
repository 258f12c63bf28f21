from __future__ import annotations

import pytest
from policy_node_fakes import KEYS, START_NS, image, joint_state, oracle, robot, settings, spec

from vita_policy_node.contract import check_contract
from vita_policy_node.control_loop import ControlLoop
from vita_policy_node.simulated_worker import SimulatedWorker
from vita_policy_node.stream_values import RateMeter, received, stream_values


def test_a_rate_needs_two_looks_and_a_counter_that_did_not_begin_anew():
    meter = RateMeter()
    assert meter.rates_hz({"a": 10, "b": 5}, 0) == {}
    assert meter.rates_hz({"a": 40, "b": 3, "c": 1}, 500_000_000) == {"a": 60.0}
    assert meter.rates_hz({"a": 40, "b": 3}, 500_000_000) == {}
    assert meter.rates_hz({"a": 40, "b": 6}, 1_500_000_000) == {"a": 0.0, "b": pytest.approx(3.0)}


def test_streams_are_told_by_name():
    layout = check_contract(robot(), spec(), KEYS, settings())
    loop = ControlLoop(layout, settings(), SimulatedWorker(lambda matched: oracle([matched]), 0), 8)
    assert "skew of the newest set" not in stream_values(loop, {}, START_NS)
    loop.add_message(0, image(START_NS), START_NS)
    loop.add_message(1, image(START_NS + 4_000_000), START_NS)
    loop.add_message(2, joint_state(START_NS - 2_000_000), START_NS)
    values = stream_values(loop, {"camera 'front'": 29.96}, START_NS + 20_000_000)
    assert values["camera 'front' rate"] == "30.0 Hz"
    assert "camera 'wrist' rate" not in values
    assert values["camera 'wrist' age"] == "16 ms"
    assert values["joint state '/arm/joint_states' age"] == "22 ms"
    assert values["skew of the newest set"] == "6.0 ms"
    assert values["camera 'front' matched"] == 1
    assert received(loop) == {stream.name: 1 for stream in layout.streams}
