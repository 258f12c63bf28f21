"""Subscribes to topics as they appear and writes what arrives, without deserializing it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.topic_endpoint_info import TopicEndpointInfo
from rclpy.topic_or_service_is_hidden import topic_or_service_is_hidden
from ros2cli.errors import CliError
from ros2cli.interfaces import interface_class
from ros2cli.qos import request_matching
from rosbags.interfaces import Connection
from rosbags.rosbag2 import Writer

from rosbag2.bag_qos import to_bag
from rosbag2.definitions import message_definition

DISCOVERY_PERIOD_S = 0.1
# Deep enough for a burst at 500 Hz while the disk is busy for 0.2 s.
DEPTH = 100


class Recorder:
    """Records until told to stop.

    Args:
        node: subscribes and logs.
        writer: an open bag.
        topics: names to record; None for all that are not hidden.
    """

    def __init__(self, node: Node, writer: Writer, topics: AbstractSet[str] | None) -> None:
        self._node = node
        self._writer = writer
        self._topics = topics
        self._known: set[str] = set()
        self._log = node.get_logger()

    def run(self, stop: threading.Event) -> None:
        """Discover topics and record them until ``stop`` is set."""
        executor = SingleThreadedExecutor()
        executor.add_node(self._node)
        self._node.create_timer(DISCOVERY_PERIOD_S, self._discover)
        self._discover()
        self._log.info("Recording...")
        while not stop.is_set():
            executor.spin_once(timeout_sec=DISCOVERY_PERIOD_S)
        executor.shutdown()
        self._log.info("Recording stopped")

    def _discover(self) -> None:
        for topic, types in self._node.get_topic_names_and_types():
            wanted = not topic_or_service_is_hidden(topic) if self._topics is None else topic in self._topics
            if not wanted or topic in self._known:
                continue
            publishers = self._node.get_publishers_info_by_topic(topic)
            if not publishers:  # only subscribers so far: there is no quality of service to adapt to yet
                continue
            self._known.add(topic)
            try:
                self._subscribe(topic, types, publishers)
            except CliError as error:
                self._log.warning(f"Topic '{topic}' is not recorded: {error}")

    def _subscribe(self, topic: str, types: list[str], publishers: Sequence[TopicEndpointInfo]) -> None:
        if len(types) != 1:
            raise CliError(f"it has more than one type: {', '.join(types)}")
        message = interface_class(types[0], "msg")
        connection = self._writer.add_connection(
            topic,
            types[0],
            msgdef=message_definition(types[0]),
            rihs01=str(publishers[0].topic_type_hash),
            offered_qos_profiles=[to_bag(info.qos_profile) for info in publishers],
        )
        self._node.create_subscription(
            message,
            topic,
            self._writing_to(connection),
            request_matching((info.qos_profile for info in publishers), DEPTH),
            raw=True,
        )
        self._log.info(f"Subscribed to topic '{topic}'")

    def _writing_to(self, connection: Connection) -> Any:
        def write(data: bytes, info: dict[str, int]) -> None:
            self._writer.write(connection, info["received_timestamp"], data)

        return write
