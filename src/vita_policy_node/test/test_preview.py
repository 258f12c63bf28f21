from __future__ import annotations

import numpy as np
from policy_node_fakes import KEYS, PARAMETERS, START_NS, robot, settings, spec

from vita_dataset.robot import parse_robot
from vita_dataset.spec import VectorSpec
from vita_policy_node.contract import check_contract
from vita_policy_node.conversions import stamp_ns
from vita_policy_node.preview import preview_message


def test_a_preview_names_the_robot_s_joints_whatever_the_order_of_the_action():
    names = ("gripper", "shoulder", "elbow")
    dataset = spec(action=VectorSpec("action", 3, names))
    layout = check_contract(robot(), dataset, KEYS, settings())
    message = preview_message(layout, np.array([0.5, 1.0, 2.0]), START_NS)
    assert dict(zip(message.name, message.position, strict=True)) == {"j1": 1.0, "j2": 2.0, "grip": 0.5}
    assert stamp_ns(message) == START_NS


def test_joints_of_one_name_in_two_arms_are_told_apart():
    arm = PARAMETERS["arm"]["arm"]
    arms = {
        side: {
            **arm,
            "policy_names": [f"{side}_{name}" for name in arm["policy_names"]],
            "state_topic": f"/{side}/joint_states",
            "command_topic": f"/{side}/joint_trajectory",
        }
        for side in ("left", "right")
    }
    both = parse_robot({**PARAMETERS, "arms": ["left", "right"], "arm": arms})
    vector = {"dim": 6, "names": both.policy_names}
    dataset = spec(state=VectorSpec("observation.state", **vector), action=VectorSpec("action", **vector))
    message = preview_message(check_contract(both, dataset, KEYS, settings()), np.arange(6.0), START_NS)
    assert dict(zip(message.name, message.position, strict=True)) == dict(zip(both.policy_names, range(6), strict=True))
