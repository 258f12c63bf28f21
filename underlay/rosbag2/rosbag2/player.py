"""Publishes the recorded messages in their order and at their pace, without deserializing them."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.time import Time
from ros2cli.command import CliError
from ros2cli.interfaces import interface_class
from rosbags.interfaces import ConnectionExtRosbag2, Qos, QosDurability, QosReliability
from rosbags.rosbag2 import Reader
from rosgraph_msgs.msg import Clock

NS_PER_S = 1_000_000_000
# A reader that is gone but not yet noticed must not keep the player.
ACKNOWLEDGE_S = 1.0
# A recorder cannot see the depth of another process's publisher and stores 0, so play has to choose. Reliable
# messages wait in the publisher's history to be acknowledged: of 500 Hz joints beside three cameras, 10 lost 4 %.
DEPTH = 100
# What a late subscriber gets of a transient-local topic.
LATCHED_DEPTH = 10


def offer_like(recorded: Sequence[Qos]) -> QoSProfile:
    """Return an offer that suits every subscriber that any of the recorded publishers suited.

    Reliable unless all were best effort, transient local if one was; a bag without profiles gives the default.
    """
    best_effort = bool(recorded) and all(qos.reliability == QosReliability.BEST_EFFORT for qos in recorded)
    latched = any(qos.durability == QosDurability.TRANSIENT_LOCAL for qos in recorded)
    return QoSProfile(
        depth=max((qos.depth for qos in recorded), default=0) or (LATCHED_DEPTH if latched else DEPTH),
        reliability=ReliabilityPolicy.BEST_EFFORT if best_effort else ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


class Player:
    """Plays ``topics`` of an open bag, all if empty, at ``rate``, with ``clock_hz`` messages a second on /clock.

    Raises:
        CliError: none of the topics is in the bag.
    """

    def __init__(
        self, node: Node, reader: Reader, topics: AbstractSet[str], rate: float, clock_hz: float, stop: threading.Event
    ) -> None:
        self._reader, self._rate, self._stop = reader, rate, stop
        # A topic has several connections when its publishers offered different quality of service.
        offers: dict[tuple[str, str], list[Qos]] = {}
        for c in reader.connections:
            if (not topics or c.topic in topics) and isinstance(c.ext, ConnectionExtRosbag2):
                offers.setdefault((c.topic, c.msgtype), []).extend(c.ext.offered_qos_profiles)
        for missing in sorted(topics - {topic for topic, _ in offers}):
            node.get_logger().warning(f"not in the bag: {missing}")
        self._publishers: dict[tuple[str, str], Publisher[Any]] = {}
        for (topic, kind), recorded in offers.items():
            try:
                message = interface_class(kind, "msg")
                self._publishers[topic, kind] = node.create_publisher(message, topic, offer_like(recorded))
            except CliError as error:
                node.get_logger().warning(f"Topic '{topic}' is not played: {error}")
        if reader.connections and not self._publishers:
            raise CliError("[ERROR] [ros2bag]: there is nothing to play: no chosen topic is in the bag")
        # A tick is clock_hz times a second of this machine, whatever the rate.
        self._tick_ns = max(1, round(NS_PER_S * rate / clock_hz)) if clock_hz else 0
        clock_qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
        self._clock = node.create_publisher(Clock, "/clock", clock_qos) if clock_hz else None

    def play(self) -> None:
        """Publish everything once; return early, within milliseconds, when told to stop."""
        connections = [c for c in self._reader.connections if (c.topic, c.msgtype) in self._publishers]
        self._begin = self._next_tick = self._reader.start_time
        self._zero = time.monotonic()
        for connection, stamp, data in self._reader.messages(connections):
            while self._clock and self._next_tick <= stamp and self._sleep_until(self._next_tick):
                self._clock.publish(Clock(clock=Time(nanoseconds=self._next_tick).to_msg()))
                self._next_tick += self._tick_ns
            if not self._sleep_until(stamp):
                return
            self._publishers[connection.topic, connection.msgtype].publish(bytes(data))
        for publisher in self._publishers.values():
            publisher.wait_for_all_acked(Duration(seconds=ACKNOWLEDGE_S))

    def _sleep_until(self, stamp: int) -> bool:
        """Wait until a recorded time [ns]. Returns False when told to stop."""
        due = self._zero + (stamp - self._begin) / NS_PER_S / self._rate
        return not self._stop.wait(max(0.0, due - time.monotonic()))
