from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticStatus
from policy_node_fakes import KEYS, START_NS, image, oracle, robot, settings, spec

from vita_msgs.msg import PolicyStatus
from vita_policy_node.contract import check_contract
from vita_policy_node.control_loop import ControlLoop, PolicyState
from vita_policy_node.diagnostics import EventMemory, diagnostic_message, status_message, summary
from vita_policy_node.simulated_worker import SimulatedWorker


def held_loop() -> ControlLoop:
    layout = check_contract(robot(), spec(), KEYS, settings())
    loop = ControlLoop(layout, settings(), SimulatedWorker(lambda matched: oracle([matched]), 0), 8)
    loop.start()
    loop.add_message(0, image(0), START_NS)
    loop.tick(START_NS)
    return loop


def test_the_states_have_the_numbers_of_the_message():
    assert [int(state) for state in PolicyState] == [PolicyStatus.IDLE, PolicyStatus.RUNNING, PolicyStatus.HOLDING]


def test_a_status_without_a_checkpoint_is_empty_but_says_why():
    message = status_message(PolicyState.IDLE, "not configured", None, None, START_NS)
    assert (message.state, message.reason, message.checkpoint) == (PolicyStatus.IDLE, "not configured", "")


def test_diagnostics_warn_while_holding_and_count_by_name():
    loop, measured = held_loop(), {"skew of the newest set": "6.0 ms"}
    message = diagnostic_message("/vita_policy", PolicyState.HOLDING, "a reason", loop, START_NS, measured)
    (status,) = message.status
    values = {item.key: item.value for item in status.values}
    assert status.level == DiagnosticStatus.WARN
    assert status.message == "a reason"
    assert values["skew of the newest set"] == "6.0 ms"
    assert values["queue"] == "0"
    assert values["refused, camera 'front': zero_stamp"] == "1"
    assert "1 x camera 'front' has sent nothing usable" in summary(held_loop())


def test_the_summary_counts_faults_by_name():
    loop = held_loop()
    loop.counts.faults.update(["jump: elbow", "jump: elbow"])
    assert "faults: 2 x jump: elbow" in summary(loop)


def test_each_event_is_told_once():
    memory, loop = EventMemory(), held_loop()
    assert memory.new(loop) == ["refused message of camera 'front': zero_stamp"]
    assert memory.new(loop) == []
