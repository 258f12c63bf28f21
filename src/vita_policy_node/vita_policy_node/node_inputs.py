"""What the node listens to: the streams of its observations, and the dead-man switch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from std_msgs.msg import Bool

from vita_policy_node.conversions import MESSAGE_TYPES
from vita_policy_node.dead_man import DeadMan
from vita_policy_node.node_qos import DEAD_MAN_QOS, INPUT_QOS
from vita_policy_node.serving import Serving


class NodeInputs:
    """Subscriptions from their making until ``close``."""

    def __init__(
        self, node: Any, serving: Serving, receive: Callable[[int, Any], None], steady_ns: Callable[[], int]
    ) -> None:
        """Subscribe.

        Args:
            node: the ``rclpy.node.Node`` that owns the subscriptions.
            serving: says which streams there are.
            receive: gets each message with the index of its stream.
            steady_ns: a clock that neither jumps nor stands still, for the dead-man switch.
        """
        self._node, self._steady_ns = node, steady_ns
        self._subscriptions = [
            node.create_subscription(
                MESSAGE_TYPES[stream.kind], stream.topic, partial(receive, index), INPUT_QOS[stream.kind]
            )
            for index, stream in enumerate(serving.layout.streams)
        ]
        self._dead_man: DeadMan | None = None
        safety = serving.settings.safety
        if topic := safety.dead_man_topic:
            self._dead_man = DeadMan(topic, safety.dead_man_timeout_ns)
            self._subscriptions.append(node.create_subscription(Bool, topic, self._hear_dead_man, DEAD_MAN_QOS))

    def blocked(self, steady_ns: int) -> str:
        """Why the dead-man switch forbids motion, empty if it does not or there is none."""
        return "" if self._dead_man is None else self._dead_man.reason(steady_ns)

    def close(self) -> None:
        """Listen no more; idempotent."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []

    def _hear_dead_man(self, message: Bool) -> None:
        if self._dead_man is not None:
            self._dead_man.hear(message.data, self._steady_ns())
