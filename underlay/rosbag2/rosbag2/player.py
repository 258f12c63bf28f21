"""Publishes the recorded messages in their order and at their pace, without deserializing them."""

from __future__ import annotations

import threading
import time
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.time import Time
from ros2cli.errors import CliError
from ros2cli.interfaces import interface_class
from rosbags.interfaces import Connection, ConnectionExtRosbag2
from rosbags.rosbag2 import Reader
from rosgraph_msgs.msg import Clock

from rosbag2.bag_qos import NS_PER_S, offer_like

# A reader that is gone but not yet noticed must not keep the player.
ACKNOWLEDGE_S = 1.0


@dataclass(frozen=True)
class Pace:
    """How to play.

    Attributes:
        rate: recorded seconds per second, above 0.
        clock_hz: messages on /clock per second, 0 for none.
        delay_s: wait before playing [s].
        start_offset_s: how much of the recording to skip [s].
    """

    rate: float = 1.0
    clock_hz: float = 0.0
    delay_s: float = 0.0
    start_offset_s: float = 0.0


class Player:
    """Plays a bag; ``play`` may be called again to loop.

    Args:
        node: publishes and logs.
        reader: an open bag.
        topics: recorded names to play; empty for all.
        pace: speed, clock and waiting.

    Raises:
        CliError: none of the topics is in the bag.
    """

    def __init__(self, node: Node, reader: Reader, topics: AbstractSet[str], pace: Pace) -> None:
        self._node = node
        self._reader = reader
        self._pace = pace
        self._publishers: dict[int, Publisher[Any]] = {}
        self._connections: list[Connection] = []
        chosen = [c for c in reader.connections if not topics or c.topic in topics]
        missing = topics - {c.topic for c in chosen}
        if missing:
            node.get_logger().warning(f"not in the bag: {', '.join(sorted(missing))}")
        shared: dict[tuple[str, str], Publisher[Any] | None] = {}
        for connection in chosen:
            # A topic has several connections when its publishers offered different quality of service.
            key = (connection.topic, connection.msgtype)
            if key not in shared:
                shared[key] = self._publisher([c for c in chosen if (c.topic, c.msgtype) == key])
            publisher = shared[key]
            if publisher is not None:
                self._publishers[connection.id] = publisher
                self._connections.append(connection)
        if reader.connections and not self._connections:
            raise CliError("[ERROR] [ros2bag]: there is nothing to play: no chosen topic is in the bag")
        clock_qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
        self._clock = node.create_publisher(Clock, "/clock", clock_qos) if pace.clock_hz else None

    def _publisher(self, connections: list[Connection]) -> Publisher[Any] | None:
        offers = [q for c in connections if isinstance(c.ext, ConnectionExtRosbag2) for q in c.ext.offered_qos_profiles]
        topic, kind = connections[0].topic, connections[0].msgtype
        try:
            return self._node.create_publisher(interface_class(kind, "msg"), topic, offer_like(offers))
        except CliError as error:
            self._node.get_logger().warning(f"Topic '{topic}' is not played: {error}")
            return None

    def play(self, stop: threading.Event) -> None:
        """Publish everything once; return early, within milliseconds, when ``stop`` is set."""
        if stop.wait(self._pace.delay_s) or not self._connections:
            return
        begin = self._reader.start_time + round(self._pace.start_offset_s * NS_PER_S)
        timeline = Timeline(begin, self._pace, stop, self._tick)
        for connection, stamp, data in self._reader.messages(self._connections, start=begin):
            if not timeline.wait_for(stamp):
                return
            self._publishers[connection.id].publish(bytes(data))
        for publisher in self._publishers.values():
            if not stop.is_set():
                publisher.wait_for_all_acked(Duration(seconds=ACKNOWLEDGE_S))

    def _tick(self, stamp: int) -> None:
        if self._clock is not None:
            self._clock.publish(Clock(clock=Time(nanoseconds=stamp).to_msg()))


class Timeline:
    """Maps recorded time onto the machine's monotonic clock, and ticks in between.

    Args:
        begin: recorded time at which it starts, which is now [ns].
        pace: speed and frequency of the clock.
        stop: ends all waiting.
        tick: called with the recorded time [ns]: at once, then ``clock_hz`` times a second.
    """

    def __init__(self, begin: int, pace: Pace, stop: threading.Event, tick: Any) -> None:
        self._begin = begin
        self._rate = pace.rate
        self._stop = stop
        self._tick = tick
        # A tick is pace.clock_hz times a second of this machine, whatever the rate.
        self._period = round(NS_PER_S * pace.rate / pace.clock_hz) if pace.clock_hz else 0
        self._next_tick = begin
        self._zero = time.monotonic()

    def wait_for(self, stamp: int) -> bool:
        """Wait until a recorded time [ns], ticking meanwhile. Returns False when stopped."""
        while self._period and self._next_tick <= stamp:
            if not self._sleep_until(self._next_tick):
                return False
            self._tick(self._next_tick)
            self._next_tick += self._period
        return self._sleep_until(stamp)

    def _sleep_until(self, stamp: int) -> bool:
        due = self._zero + (stamp - self._begin) / NS_PER_S / self._rate
        return not self._stop.wait(max(0.0, due - time.monotonic()))
