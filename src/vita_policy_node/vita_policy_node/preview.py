"""The command of a dry run, for eyes and recordings only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import JointState

from vita_policy_node.contract import Layout
from vita_policy_node.conversions import to_time


def preview_message(layout: Layout, command: NDArray[np.float64], now_ns: int) -> JointState:
    """All joints of a command as a robot description shows them, arm by arm.

    Args:
        layout: says by joint name which elements of the command are whose.
        command: float64 [A] from the safety gate.
        now_ns: when it would have been sent.

    Returns:
        The robot's joint names; the policy's, which are unique, where two arms share a joint's name.
    """
    joints = [joint for output in layout.arms for joint in output.arm.joints]
    if len(set(joints)) != len(joints):
        joints = [joint for output in layout.arms for joint in output.arm.policy_names]
    indices = [index for output in layout.arms for index in output.indices]
    message = JointState(name=joints, position=[float(command[index]) for index in indices])
    message.header.stamp = to_time(now_ns)
    return message
