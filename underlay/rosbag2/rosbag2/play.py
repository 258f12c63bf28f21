"""``ros2 bag play``: the arguments of a playback."""

from __future__ import annotations

import math
from argparse import ArgumentParser, Namespace
from pathlib import Path

import rclpy
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from ros2cli.command import Verb
from ros2cli.errors import CliError
from ros2cli.node import absolute

from rosbag2.open_bag import open_bag
from rosbag2.player import Pace, Player
from rosbag2.stopping import stop_on_signals

CLOCK_HZ = 40.0


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("bag_path", type=Path)
    parser.add_argument("-r", "--rate", type=float, default=1.0, help="speed relative to the recording")
    parser.add_argument("--topics", metavar="topic", nargs="+", default=[], help="topics to play (default: all)")
    parser.add_argument("-l", "--loop", action="store_true", help="start again at the end")
    parser.add_argument("-m", "--remap", metavar="from:=to", nargs="+", default=[], help="topics to rename")
    parser.add_argument(
        "--clock",
        metavar="HZ",
        type=float,
        nargs="?",
        const=CLOCK_HZ,
        default=0.0,
        help=f"publish /clock at this rate ({CLOCK_HZ:g} when none is given)",
    )
    parser.add_argument("-d", "--delay", type=float, default=0.0, help="wait before playing, also in each loop [s]")
    parser.add_argument("--start-offset", type=float, default=0.0, help="skip the beginning of the recording [s]")
    parser.add_argument("--disable-keyboard-controls", action="store_true", help="accepted: there are none")


def _checked(args: Namespace) -> Pace:
    for name, value, least in (
        ("rate", args.rate, 1e-9),
        ("clock", args.clock, 0.0),
        ("delay", args.delay, 0.0),
        ("start-offset", args.start_offset, 0.0),
    ):
        if not least <= value < math.inf:
            raise CliError(
                f"[ERROR] [ros2bag]: --{name} must be finite and {'above 0' if least else '0 or more'}, not {value}", 2
            )
    for rule in args.remap:
        if not all(rule.partition(":=")):
            raise CliError(f"[ERROR] [ros2bag]: --remap needs from:=to, not '{rule}'", 2)
    return Pace(args.rate, args.clock, args.delay, args.start_offset)


def _main(args: Namespace) -> int:
    pace = _checked(args)
    remapping = [part for rule in args.remap for part in ("-r", rule)]
    with stop_on_signals() as stop, open_bag(args.bag_path) as reader:
        rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        node = Node("rosbag2_player", cli_args=["--ros-args", *remapping], start_parameter_services=False)
        try:
            player = Player(node, reader, {absolute(topic) for topic in args.topics}, pace)
            player.play(stop)
            while args.loop and not stop.is_set():
                player.play(stop)
        finally:
            node.destroy_node()
            rclpy.try_shutdown()
    return 0


PLAY = Verb("Publish the messages of a bag", _arguments, _main)
