"""``ros2 topic list``, ``echo`` and ``hz``."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from collections import deque
from itertools import pairwise

import rclpy
from rclpy.qos import qos_profile_sensor_data
from rclpy.topic_or_service_is_hidden import topic_or_service_is_hidden

from ros2cli.command import Command, Verb
from ros2cli.commands.topic_echo import ECHO
from ros2cli.errors import CliError
from ros2cli.interfaces import interface_class
from ros2cli.node import absolute, cli_node, topic_type
from ros2cli.output import say


def _list_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--spin-time", type=float, default=0.5, help="until nothing new came for so long [s]")
    parser.add_argument("--no-daemon", action="store_true", help="accepted: there is never a daemon")
    parser.add_argument("-t", "--show-types", action="store_true", help="show the types too")
    parser.add_argument("-c", "--count-topics", action="store_true", help="show the number of topics only")
    parser.add_argument("--include-hidden-topics", action="store_true", help="show hidden topics too")


def _list(args: Namespace) -> int:
    with cli_node() as node:
        topics: list[tuple[str, list[str]]] = []
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < args.spin_time:
            known, topics = topics, node.get_topic_names_and_types()
            if topics != known:
                quiet_since = time.monotonic()
            time.sleep(0.02)
        shown = [t for t in sorted(topics) if args.include_hidden_topics or not topic_or_service_is_hidden(t[0])]
        if args.count_topics:
            say(len(shown))
            return 0
        for name, types in shown:
            say(f"{name} [{', '.join(types)}]" if args.show_types else name)
    return 0


def _hz_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("topic_name")
    parser.add_argument("--window", "-w", type=int, default=10_000, help="messages to average over")


def rate_text(arrivals: deque[float]) -> str:
    """Describe the rate of a topic from two or more arrival times [s], oldest first."""
    times = list(arrivals)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    mean = sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    return (
        f"average rate: {1 / mean:.3f}\n"
        f"\tmin: {min(gaps):.3f}s max: {max(gaps):.3f}s std dev: {deviation:.5f}s window: {len(times)}"
    )


def _hz(args: Namespace) -> int:
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
                say(rate_text(arrivals))
    return 0


COMMAND = Command(
    "ros2topic",
    "Show topics and what they carry",
    {
        "list": Verb("Show the topics", _list_arguments, _list),
        "echo": ECHO,
        "hz": Verb("Show the rate of a topic", _hz_arguments, _hz),
    },
)
