"""A ROS subscription as the source of a chain of filters."""

from __future__ import annotations

from typing import Any

from rclpy.node import Node

from message_filters.simple_filter import SimpleFilter


class Subscriber(SimpleFilter):
    """Subscribes to a topic and hands every message to the registered callbacks.

    Args:
        node: the node that subscribes.
        msg_type: class of the messages.
        topic: name of the topic.
        kwargs: further arguments of ``Node.create_subscription``; ``qos_profile`` is 10 unless given.
    """

    def __init__(self, node: Node, msg_type: type[Any], topic: str, **kwargs: Any) -> None:
        super().__init__()
        self.node = node
        self.topic = topic
        kwargs.setdefault("qos_profile", 10)
        self.sub = node.create_subscription(msg_type, topic, self.callback, **kwargs)

    def callback(self, msg: Any) -> None:
        """Pass a received message on."""
        self.signalMessage(msg)

    def getTopic(self) -> str:  # noqa: N802  (the genuine name)
        """Return the topic's name as it was given."""
        return self.topic

    def __getattr__(self, key: str) -> Any:
        # Like the genuine class, offer what the subscription offers. Before __init__ has set it there is nothing.
        if key == "sub":
            raise AttributeError(key)
        return getattr(self.sub, key)
