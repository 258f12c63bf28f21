"""Subscribes to topics as they appear and writes what arrives, without deserializing it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from rclpy.duration import Duration
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.topic_endpoint_info import TopicEndpointInfo
from rclpy.topic_or_service_is_hidden import topic_or_service_is_hidden
from ros2cli.command import CliError
from ros2cli.interfaces import interface_class
from ros2cli.node import request_matching
from rosbags.interfaces import Nodetype, Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime
from rosbags.rosbag2 import Writer
from rosbags.typesys import get_types_from_msg

DISCOVERY_PERIOD_S = 0.1
# Deep enough for a burst at 500 Hz while the disk is busy for 0.2 s.
DEPTH = 100


def message_definition(name: str) -> str:
    """Return the definition of ``package/msg/Type`` followed by those of all types that it uses.

    Each further one follows a line of 80 ``=`` and a line ``MSG: package/Type``, as rosbag2 stores them.

    Raises:
        CliError: a type has no installed ``.msg`` file.
    """
    parts: dict[str, str] = {}
    queue = [name]
    while queue:
        current = queue.pop(0)
        if current in parts:
            continue
        package, folder, type_name = current.split("/")
        try:
            text = (Path(get_package_share_directory(package)) / folder / f"{type_name}.msg").read_text()
        except (PackageNotFoundError, OSError) as error:
            raise CliError(f"no definition of {current} is installed: source the workspace that has it") from error
        parts[current] = f"{'=' * 80}\nMSG: {package}/{type_name}\n{text}" if parts else text
        for _, (node_type, detail) in get_types_from_msg(text, current)[current][1]:
            element: Any = (node_type, detail) if node_type in (Nodetype.BASE, Nodetype.NAME) else detail[0]
            if element[0] == Nodetype.NAME:
                queue.append(element[1])
    return "\n".join(parts.values())


def to_bag(profile: QoSProfile) -> Qos:
    """Return the profile that a publisher offers as a bag stores it."""

    def time(duration: Duration) -> QosTime:
        return QosTime(*divmod(duration.nanoseconds, 1_000_000_000))

    return Qos(
        history=QosHistory[profile.history.name],
        depth=profile.depth,
        reliability=QosReliability[profile.reliability.name],
        durability=QosDurability[profile.durability.name],
        deadline=time(profile.deadline),
        lifespan=time(profile.lifespan),
        liveliness=QosLiveliness[profile.liveliness.name],
        liveliness_lease_duration=time(profile.liveliness_lease_duration),
        avoid_ros_namespace_conventions=profile.avoid_ros_namespace_conventions,
    )


class Recorder:
    """Records ``topics``, or all that are not hidden if None, into an open bag."""

    def __init__(self, node: Node, writer: Writer, topics: AbstractSet[str] | None) -> None:
        self._node, self._writer, self._topics = node, writer, topics
        self._known: set[str] = set()
        self._log = node.get_logger()

    def run(self, stop: threading.Event) -> None:
        """Discover topics and record them until ``stop`` is set."""
        executor = SingleThreadedExecutor()
        executor.add_node(self._node)
        self._node.create_timer(DISCOVERY_PERIOD_S, self._discover)
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

        def write(data: bytes, info: Any) -> None:
            self._writer.write(connection, info["received_timestamp"], data)

        request = request_matching((info.qos_profile for info in publishers), DEPTH)
        self._node.create_subscription(message, topic, write, request, raw=True)
        self._log.info(f"Subscribed to topic '{topic}'")
