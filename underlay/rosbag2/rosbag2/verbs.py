"""``ros2 bag record``, ``play`` and ``info``: their arguments, and how they end."""

from __future__ import annotations

import math
import signal
import threading
from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import rclpy
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from ros2cli.command import CliError, Commands, Verb, argument, say
from ros2cli.node import absolute
from rosbags.rosbag2 import Reader, ReaderError, StoragePlugin, Writer

from rosbag2.player import NS_PER_S, Player
from rosbag2.recorder import Recorder

STORAGES = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}
SUFFIXES = {".mcap": "mcap", ".db3": "sqlite3"}
CLOCK_HZ = 40.0


@contextmanager
def _node_until_signal(name: str, *ros_arguments: str) -> Iterator[tuple[Node, threading.Event]]:
    """Give a node, and an event that SIGINT and SIGTERM set, as often as they come: a group gets them twice."""
    stop = threading.Event()
    previous = {n: signal.signal(n, lambda *_: stop.set()) for n in (signal.SIGINT, signal.SIGTERM)}
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    node = Node(name, cli_args=["--ros-args", *ros_arguments], start_parameter_services=False)
    try:
        yield node, stop
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def _open_bag(path: Path) -> Iterator[Reader]:
    try:
        reader = Reader(path)
        reader.open()
    except FileNotFoundError as error:
        missing = "has no metadata.yaml: the recording was not finished" if path.is_dir() else "does not exist"
        raise CliError(f"[ERROR] [ros2bag]: bag path '{path}' {missing}") from error
    except (ReaderError, OSError) as error:
        raise CliError(f"[ERROR] [ros2bag]: bag '{path}' cannot be read: {error}") from error
    try:
        yield reader
    finally:
        reader.close()


def _record(args: Namespace) -> int:
    """Record topics into a bag until interrupted."""
    topics = {absolute(topic) for topic in [*args.positional_topics, *args.topics]}
    if args.all == bool(topics):
        raise CliError("[ERROR] [ros2bag]: name the topics to record, or choose --all: one of the two, not both")
    path = args.output or Path(f"rosbag2_{datetime.now():%Y_%m_%d-%H_%M_%S}")
    if path.exists():
        raise CliError(f"[ERROR] [ros2bag]: Output folder '{path}' already exists.")
    with (
        _node_until_signal("rosbag2_recorder") as (node, stop),
        Writer(path, version=Writer.VERSION_LATEST, storage_plugin=STORAGES[args.storage]) as writer,
    ):
        Recorder(node, writer, None if args.all else topics).run(stop)
    return 0


def _play(args: Namespace) -> int:
    """Publish the messages of a bag."""
    for name, least in (("rate", 1e-9), ("clock", 0.0), ("delay", 0.0)):
        if not least <= getattr(args, name) < math.inf:
            above = "above 0" if least else "0 or more"
            raise CliError(f"[ERROR] [ros2bag]: --{name} must be finite and {above}, not {getattr(args, name)}", 2)
    for rule in args.remap:
        if not all(rule.partition(":=")):
            raise CliError(f"[ERROR] [ros2bag]: --remap needs from:=to, not '{rule}'", 2)
    rules = [part for rule in args.remap for part in ("-r", rule)]
    with _open_bag(args.bag_path) as reader, _node_until_signal("rosbag2_player", *rules) as (node, stop):
        player = Player(node, reader, {absolute(topic) for topic in args.topics}, args.rate, args.clock, stop)
        while not stop.wait(args.delay):
            player.play()
            if not args.loop:
                break
    return 0


def _info(args: Namespace) -> int:
    """Describe a bag."""
    path = args.bag_path
    with _open_bag(path) as reader:
        files = [path] if path.is_file() else sorted(f for f in path.iterdir() if SUFFIXES.keys() & set(f.suffixes))
        size = sum(file.stat().st_size for file in files)
        power = (size.bit_length() - 1) // 10
        # An empty bag has no time: describe it as starting at the epoch.
        start, end = (reader.start_time, reader.end_time - 1) if reader.message_count else (0, 0)
        topics = [
            f"Topic: {c.topic} | Type: {c.msgtype} | Count: {c.msgcount} | Serialization Format: cdr"
            for c in reader.connections
        ]
        rows: dict[str, Iterable[object]] = {
            "Files": [file.name for file in files],
            "Bag size": [f"{size / 1024**power:.1f} {('B', 'KiB', 'MiB', 'GiB', 'TiB')[power]}"],
            "Storage id": {SUFFIXES[suffix] for file in files for suffix in file.suffixes if suffix in SUFFIXES},
            "ROS Distro": [reader.ros_distro or "unknown"],
            "Duration": [f"{_seconds(end - start)}s"],
            "Start": [_date(start)],
            "End": [_date(end)],
            "Messages": [reader.message_count],
            "Topic information": topics,
        }
    indent = "\n" + " " * 19
    say("\n" + "\n".join(f"{name + ':':<19}{indent.join(map(str, lines))}" for name, lines in rows.items()))
    return 0


def _seconds(time_ns: int) -> str:
    return "{}.{:09d}".format(*divmod(time_ns, NS_PER_S))


def _date(time_ns: int) -> str:
    seconds = datetime.fromtimestamp(time_ns // NS_PER_S)
    return f"{seconds:%b %e %Y %H:%M:%S}.{time_ns % NS_PER_S:09d} ({_seconds(time_ns)})"


BAG = argument("bag_path", type=Path)
TOPICS = argument("--topics", metavar="topic", nargs="+", default=[], help="topics to play or record")

COMMANDS: Commands = {
    "bag": {
        "record": Verb(
            _record,
            argument("positional_topics", metavar="topic", nargs="*", help="topics to record"),
            TOPICS,
            argument("-a", "--all", action="store_true", help="record all topics but hidden ones"),
            argument("-o", "--output", type=Path, help="bag folder to make (default: rosbag2_<date>-<time>)"),
            argument("-s", "--storage", choices=list(STORAGES), default="mcap", help="file format (default mcap)"),
        ),
        "play": Verb(
            _play,
            BAG,
            TOPICS,
            argument("-r", "--rate", type=float, default=1.0, help="speed relative to the recording"),
            argument("-l", "--loop", action="store_true", help="start again at the end"),
            argument("-m", "--remap", metavar="from:=to", nargs="+", default=[], help="topics to rename"),
            argument("--clock", metavar="HZ", type=float, nargs="?", const=CLOCK_HZ, default=0, help="publish /clock"),
            argument("-d", "--delay", type=float, default=0.0, help="wait before playing, also in each loop [s]"),
            argument("--disable-keyboard-controls", action="store_true", help="accepted: there are none"),
        ),
        "info": Verb(_info, BAG),
    }
}
