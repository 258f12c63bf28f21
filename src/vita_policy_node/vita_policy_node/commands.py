"""Splits one command for all joints into the messages of the arms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from trajectory_msgs.msg import JointTrajectory

from vita_policy_node.contract import Layout
from vita_policy_node.conversions import trajectory_message


def command_topic(prefix: str, topic: str) -> str:
    """Where the commands meant for ``topic`` go: "/arm/x" with prefix "/replay" to "/replay/arm/x"."""
    return f"{prefix.rstrip('/')}/{topic.lstrip('/')}" if prefix else topic


def command_messages(layout: Layout, command: NDArray[np.float64], start_ns: int) -> list[JointTrajectory]:
    """One message for each arm of the layout, in its order; an arm that the policy does not command has none.

    Args:
        layout: says by joint name which elements of the command are whose.
        command: float64 [A] from the safety gate.
        start_ns: when the motion begins, by the controller's clock; 0 = at once.
    """
    return [
        trajectory_message(output.arm.joints, command[list(output.indices)], start_ns, layout.period_ns)
        for output in layout.arms
    ]
