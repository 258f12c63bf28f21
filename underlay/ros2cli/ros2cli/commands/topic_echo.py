"""``ros2 topic echo``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from functools import reduce
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    QoSPresetProfiles,
    QoSProfile,
    ReliabilityPolicy,
)

from ros2cli.command import Verb
from ros2cli.errors import CliError
from ros2cli.interfaces import YamlStyle, interface_class, to_yaml
from ros2cli.node import absolute, cli_node, topic_type
from ros2cli.output import say
from ros2cli.qos import request_matching


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("topic_name")
    parser.add_argument("message_type", nargs="?", help="asked of the graph unless given")
    parser.add_argument("--once", action="store_true", help="leave after the first message")
    parser.add_argument("--field", help="show one field only, for example header.stamp")
    parser.add_argument("--no-arr", action="store_true", help="show type and length instead of arrays")
    parser.add_argument("--no-str", action="store_true", help="show lengths instead of strings")
    parser.add_argument("--flow-style", action="store_true", help="one line per message")
    parser.add_argument("-l", "--truncate-length", type=int, default=128, help="longest array and string (default 128)")
    parser.add_argument("-f", "--full-length", action="store_true", help="show arrays and strings in full")
    parser.add_argument("--qos-profile", choices=QoSPresetProfiles.short_keys(), help="preset to start from")
    parser.add_argument("--qos-reliability", choices=ReliabilityPolicy.short_keys(), help="instead of the offered one")
    parser.add_argument("--qos-durability", choices=DurabilityPolicy.short_keys(), help="instead of the offered one")
    parser.add_argument("--qos-history", choices=HistoryPolicy.short_keys())
    parser.add_argument("--qos-depth", type=int)


def _qos(args: Namespace, node: Node, topic: str) -> QoSProfile:
    if args.qos_profile:
        preset = QoSPresetProfiles.get_from_short_key(args.qos_profile)
        profile = QoSProfile(
            history=preset.history, depth=preset.depth, reliability=preset.reliability, durability=preset.durability
        )
    else:
        profile = request_matching(info.qos_profile for info in node.get_publishers_info_by_topic(topic))
    for field, policy in (
        ("reliability", ReliabilityPolicy),
        ("durability", DurabilityPolicy),
        ("history", HistoryPolicy),
    ):
        chosen = getattr(args, f"qos_{field}")
        if chosen:
            setattr(profile, field, policy.get_from_short_key(chosen))
    if args.qos_depth is not None:
        profile.depth = args.qos_depth
    return profile


def _main(args: Namespace) -> int:
    style = YamlStyle(None if args.full_length else args.truncate_length, args.no_arr, args.no_str, args.flow_style)
    path = args.field.split(".") if args.field else []
    shown = 0

    def show(message: Any) -> None:
        nonlocal shown
        if shown and args.once:
            return
        value = reduce(getattr, path, message)
        say(to_yaml(value, style) if hasattr(value, "get_fields_and_field_types") else f"{value}\n", end="---\n")
        shown += 1

    with cli_node() as node:
        topic = absolute(args.topic_name)
        message_class = interface_class(args.message_type or topic_type(node, topic), "msg")
        try:
            reduce(getattr, path, message_class())
        except AttributeError as error:
            raise CliError(f"Invalid field '{args.field}' for {message_class.__name__}: {error}") from error
        node.create_subscription(message_class, topic, show, _qos(args, node, topic))
        while not (args.once and shown):
            rclpy.spin_once(node)
    return 0


ECHO = Verb("Show the messages of a topic", _arguments, _main)
