"""The short-lived node behind a command, and what it can ask of the graph."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import rclpy
from rclpy.client import Client
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from ros2cli.command import CliError, say

DISCOVERY_S = 5.0
"""How long to wait for something that should exist. Discovery takes 0.15 s mostly, 3 s now and then."""


@contextmanager
def cli_node() -> Iterator[Node]:
    """Make a node with a hidden name; SIGTERM ends the process with 1, Ctrl-C raises KeyboardInterrupt."""
    rclpy.init(args=[])
    node = Node(f"_ros2cli_{os.getpid()}", start_parameter_services=False)
    try:
        yield node
    except (ExternalShutdownException, RuntimeError):
        # SIGTERM shuts rclpy down under the body, whose next call may then fail in any way.
        if rclpy.ok():
            raise
        sys.exit(1)
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


def wait_until(condition: Callable[[], bool], timeout_s: float | None = DISCOVERY_S) -> bool:
    """Wait for the graph; None waits for ever. Returns the condition's last value."""
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    while not condition():
        if not rclpy.ok():
            raise ExternalShutdownException
        if deadline is not None and time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def absolute(name: str) -> str:
    """Return a topic, service or node name with its leading slash."""
    return name if name.startswith("/") else f"/{name}"


def topic_type(node: Node, topic: str, wait_for_ever: bool = False) -> str:
    """Return the type of a topic. Raises CliError when it does not appear, or has several types."""
    if not wait_until(lambda: topic in dict(node.get_topic_names_and_types())):
        missing = f"WARNING: topic [{topic}] does not appear to be published yet"
        if not wait_for_ever:
            raise CliError(f"{missing}\nCould not determine the type for the passed topic")
        say(missing)
        wait_until(lambda: topic in dict(node.get_topic_names_and_types()), None)
    types = dict(node.get_topic_names_and_types())[topic]
    if len(types) > 1:
        raise CliError(f"Cannot handle topic '{topic}', as it contains more than one type: [{', '.join(types)}]")
    return types[0]


def require_node(node: Node, name: str) -> str:
    """Wait for a node and return its full name. Raises CliError when it does not appear."""
    full = absolute(name)
    if not wait_until(lambda: full in node.get_fully_qualified_node_names()):
        raise CliError("Node not found")
    return full


def call(node: Node, service_type: type[Any], name: str, request: Any) -> Any:
    """Call a service, waiting for it and for its answer as long as they take."""
    client: Client[Any, Any] = node.create_client(service_type, name)
    wait_until(client.service_is_ready, None)
    future = client.call_async(request)
    rclpy.spin_until_future_complete(node, future)
    if not future.done():
        raise ExternalShutdownException
    return future.result()


def request_matching(offers: Iterable[QoSProfile], depth: int = 10) -> QoSProfile:
    """Return the strictest request that all publishers' offers satisfy; reliable and volatile when there are none."""
    offered = list(offers)
    reliable = all(offer.reliability == ReliabilityPolicy.RELIABLE for offer in offered)
    latched = bool(offered) and all(offer.durability == DurabilityPolicy.TRANSIENT_LOCAL for offer in offered)
    return QoSProfile(
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )
