from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from vita_sim.policy_counts import PolicyCounts, read_counts

VALUES = {
    "state": "IDLE",
    "camera 'front' received": "12",
    "hold, starved: the next chunk is late": "3",
    "hold, a, b": "1",
    "limited, step: elbow_joint": "7",
    "fault, blank: camera 'front'": "2",
    "commands": "90",
}


def test_counts_are_read_by_kind_and_everything_else_is_left():
    other = DiagnosticStatus(name="/another: policy")
    ours = DiagnosticStatus(name="/vita_policy: policy", values=[KeyValue(key=k, value=v) for k, v in VALUES.items()])
    assert read_counts(DiagnosticArray(status=[other, ours]), "/vita_policy") == PolicyCounts(
        state="IDLE",
        holds={"starved: the next chunk is late": 3, "a, b": 1},
        hits={"step: elbow_joint": 7},
        faults={"blank: camera 'front'": 2},
    )
    assert read_counts(DiagnosticArray(status=[other]), "/vita_policy") is None
