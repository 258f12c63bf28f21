"""Where the node's commands go: to the arms, or in a dry run to ``~/preview``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from vita_policy_node.commands import command_messages, command_topic
from vita_policy_node.contract import Layout
from vita_policy_node.node_qos import NEWEST_QOS
from vita_policy_node.preview import preview_message
from vita_policy_node.settings import NodeSettings


class NodeOutputs:
    """Lifecycle publishers: silent while the node is not active. In a dry run the arms' do not even exist."""

    def __init__(self, node: Any, layout: Layout, settings: NodeSettings) -> None:
        """Make the publishers; ``node`` is the ``rclpy.lifecycle.LifecycleNode`` that owns them."""
        self._node, self._layout, self._settings = node, layout, settings
        if settings.dry_run:
            topics, kind = ["~/preview"], JointState
        else:
            arms = [output.arm for output in layout.arms]
            topics, kind = [command_topic(settings.command_prefix, arm.command_topic) for arm in arms], JointTrajectory
        self._publishers = [node.create_lifecycle_publisher(kind, topic, NEWEST_QOS) for topic in topics]

    def send(self, command: NDArray[np.float64], now_ns: int) -> None:
        """Publish a command, float64 [A] from the safety gate."""
        if self._settings.dry_run:
            messages = [preview_message(self._layout, command, now_ns)]
        else:
            messages = command_messages(self._layout, command, now_ns if self._settings.stamp_commands else 0)
        for publisher, message in zip(self._publishers, messages, strict=True):
            publisher.publish(message)

    def close(self) -> None:
        """Destroy the publishers; idempotent."""
        for publisher in self._publishers:
            self._node.destroy_lifecycle_publisher(publisher)
        self._publishers = []
