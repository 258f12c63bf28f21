"""``ros2 topic list``, ``echo`` and ``hz``."""

from __future__ import annotations

import statistics
import time
from argparse import Namespace
from collections import deque
from itertools import pairwise
from typing import Any

import rclpy
from rclpy.qos import qos_profile_sensor_data
from rclpy.topic_or_service_is_hidden import topic_or_service_is_hidden

from ros2cli.command import CliError, Commands, Verb, argument, say
from ros2cli.interfaces import interface_class, to_yaml
from ros2cli.node import absolute, cli_node, request_matching, topic_type

QUIET_S = 0.5
"""The graph is complete when nothing new came for so long."""


def _list(args: Namespace) -> int:
    """Show the topics."""
    with cli_node() as node:
        topics: list[tuple[str, list[str]]] = []
        changed = time.monotonic()
        while time.monotonic() - changed < QUIET_S:
            known, topics = topics, node.get_topic_names_and_types()
            changed = changed if topics == known else time.monotonic()
            time.sleep(0.02)
        for name, types in sorted(topics):
            if not topic_or_service_is_hidden(name):
                say(f"{name} [{', '.join(types)}]" if args.show_types else name)
    return 0


def _echo(args: Namespace) -> int:
    """Show the messages of a topic."""
    shown = 0

    def show(message: Any) -> None:
        nonlocal shown
        if not (args.once and shown):
            say(f"{to_yaml(message, None if args.full_length else 128)}---")
        shown += 1

    with cli_node() as node:
        topic = absolute(args.topic_name)
        message_class = interface_class(args.message_type or topic_type(node, topic), "msg")
        offers = [info.qos_profile for info in node.get_publishers_info_by_topic(topic)]
        node.create_subscription(message_class, topic, show, request_matching(offers))
        while not (args.once and shown):
            rclpy.spin_once(node)
    return 0


def _hz(args: Namespace) -> int:
    """Show the rate of a topic."""
    if args.window < 2:
        raise CliError(f"--window must be 2 or more, not {args.window}", 2)
    arrivals: deque[float] = deque(maxlen=args.window)
    with cli_node() as node:
        topic = absolute(args.topic_name)
        message = interface_class(topic_type(node, topic, wait_for_ever=True), "msg")
        node.create_subscription(
            message, topic, lambda _: arrivals.append(time.monotonic()), qos_profile_sensor_data, raw=True
        )
        due, printed = time.monotonic() + 1.0, 0.0
        while rclpy.ok():
            rclpy.spin_once(node, timeout_sec=max(0.0, due - time.monotonic()))
            if time.monotonic() < due:
                continue
            due += 1.0
            if len(arrivals) > 1 and arrivals[-1] != printed:
                printed = arrivals[-1]
                gaps = [later - earlier for earlier, later in pairwise(arrivals)]
                say(f"average rate: {1 / statistics.fmean(gaps):.3f}")
                spread = f"min: {min(gaps):.3f}s max: {max(gaps):.3f}s std dev: {statistics.pstdev(gaps):.5f}s"
                say(f"\t{spread} window: {len(arrivals)}")
    return 0


COMMANDS: Commands = {
    "topic": {
        "list": Verb(_list, argument("-t", "--show-types", action="store_true", help="show the types too")),
        "echo": Verb(
            _echo,
            argument("topic_name"),
            argument("message_type", nargs="?", help="asked of the graph unless given"),
            argument("--once", action="store_true", help="leave after the first message"),
            argument("-f", "--full-length", action="store_true", help="show more than 128 elements and characters"),
        ),
        "hz": Verb(
            _hz,
            argument("topic_name"),
            argument("-w", "--window", type=int, default=10_000, help="messages to average over"),
        ),
    }
}
