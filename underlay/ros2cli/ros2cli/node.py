"""The short-lived node behind a command, and what it can ask of the graph."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import rclpy
from rclpy.client import Client
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node

from ros2cli.errors import CliError
from ros2cli.output import warn

DISCOVERY_S = 5.0
"""How long to wait for something that should exist. Discovery takes 0.15 s mostly, 3 s now and then."""


@contextmanager
def cli_node() -> Iterator[Node]:
    """Make a node with a hidden name; SIGTERM ends the body quietly, Ctrl-C raises KeyboardInterrupt."""
    rclpy.init(args=[])
    node = Node(f"_ros2cli_{os.getpid()}", start_parameter_services=False)
    try:
        yield node
    except (ExternalShutdownException, RuntimeError):
        # SIGTERM shuts rclpy down under the body, whose next call may then fail in any way.
        if rclpy.ok():
            raise
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

    def types() -> list[str]:
        return next((types for name, types in node.get_topic_names_and_types() if name == topic), [])

    if not wait_until(lambda: bool(types())):
        warn(f"WARNING: topic [{topic}] does not appear to be published yet")
        if not wait_for_ever:
            raise CliError("Could not determine the type for the passed topic")
        wait_until(lambda: bool(types()), None)
    found = types()
    if len(found) > 1:
        raise CliError(f"Cannot handle topic '{topic}', as it contains more than one type: [{', '.join(found)}]")
    return found[0]


def require_node(node: Node, name: str) -> str:
    """Wait for a node and return its full name. Raises CliError when it does not appear."""
    full = absolute(name)

    def present() -> bool:
        return full in {f"{ns.rstrip('/')}/{n}" for n, ns in node.get_node_names_and_namespaces()}

    if not wait_until(present):
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
