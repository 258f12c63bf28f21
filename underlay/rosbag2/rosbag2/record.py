"""``ros2 bag record``: the arguments of a recording."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import datetime
from pathlib import Path

import rclpy
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from ros2cli.command import Verb
from ros2cli.errors import CliError
from ros2cli.node import absolute
from rosbags.rosbag2 import StoragePlugin, Writer

from rosbag2.recorder import Recorder
from rosbag2.stopping import stop_on_signals

STORAGES = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("positional_topics", metavar="topic", nargs="*", help="topics to record")
    parser.add_argument("--topics", metavar="topic", nargs="+", default=[], help="topics to record")
    parser.add_argument("-a", "--all", "--all-topics", action="store_true", help="record all topics but hidden ones")
    parser.add_argument("-o", "--output", type=Path, help="bag folder to make (default: rosbag2_<date>-<time>)")
    parser.add_argument("-s", "--storage", choices=list(STORAGES), default="mcap", help="file format (default mcap)")


def _main(args: Namespace) -> int:
    topics = {absolute(topic) for topic in [*args.positional_topics, *args.topics]}
    if args.all == bool(topics):
        raise CliError("[ERROR] [ros2bag]: name the topics to record, or choose --all: one of the two, not both")
    path = args.output or Path(f"rosbag2_{datetime.now():%Y_%m_%d-%H_%M_%S}")
    if path.exists():
        raise CliError(f"[ERROR] [ros2bag]: Output folder '{path}' already exists.")
    with stop_on_signals() as stop:
        rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        node = Node("rosbag2_recorder", start_parameter_services=False)
        try:
            with Writer(path, version=Writer.VERSION_LATEST, storage_plugin=STORAGES[args.storage]) as writer:
                Recorder(node, writer, None if args.all else topics).run(stop)
        finally:
            node.destroy_node()
            rclpy.try_shutdown()
    return 0


RECORD = Verb("Record topics into a bag until interrupted", _arguments, _main)
