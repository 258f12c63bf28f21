"""``ros2 bag info``."""

from __future__ import annotations

import math
from argparse import ArgumentParser, Namespace
from datetime import datetime
from pathlib import Path

from ros2cli.command import Verb
from ros2cli.output import say
from rosbags.interfaces import Connection, ConnectionExtRosbag2
from rosbags.rosbag2 import Reader

from rosbag2.bag_qos import NS_PER_S
from rosbag2.open_bag import open_bag

STORAGE_OF_SUFFIX = {".mcap": "mcap", ".db3": "sqlite3"}
UNITS = ("KiB", "MiB", "GiB", "TiB")
INDENT = "\n" + " " * 19


def describe(path: Path, reader: Reader) -> str:
    """Return the description of an open bag, ending with a line break."""
    files = [path] if path.is_file() else sorted(f for f in path.iterdir() if _storage(f))
    # An empty bag has no time: describe it as starting at the epoch.
    start = reader.start_time if reader.message_count else 0
    end = reader.end_time - 1 if reader.message_count else 0
    rows = {
        "Files": INDENT.join(f.name for f in files),
        "Bag size": _size(sum(f.stat().st_size for f in files)),
        "Storage id": next((_storage(f) for f in files), "unknown"),
        "ROS Distro": reader.ros_distro or "unknown",
        "Duration": _seconds(end - start) + "s",
        "Start": _date(start),
        "End": _date(end),
        "Messages": str(reader.message_count),
        "Topic information": INDENT.join(_topic(connection) for connection in reader.connections),
    }
    return "\n" + "".join(f"{name + ':':<19}{value}\n" for name, value in rows.items())


def _storage(path: Path) -> str:
    suffixes = [suffix for suffix in path.suffixes if suffix != ".zstd"]
    return STORAGE_OF_SUFFIX.get(suffixes[-1], "") if suffixes else ""


def _size(size: float) -> str:
    if size < 1024:
        return f"{size:.0f} B"
    power = min(int(math.log2(size)) // 10, len(UNITS))
    return f"{size / 1024**power:.1f} {UNITS[power - 1]}"


def _seconds(time_ns: int) -> str:
    return "{}.{:09d}".format(*divmod(time_ns, NS_PER_S))


def _date(time_ns: int) -> str:
    local = datetime.fromtimestamp(time_ns // NS_PER_S)
    return f"{local:%b %e %Y %H:%M:%S}.{time_ns % NS_PER_S:09d} ({_seconds(time_ns)})"


def _topic(connection: Connection) -> str:
    assert isinstance(connection.ext, ConnectionExtRosbag2)
    return (
        f"Topic: {connection.topic} | Type: {connection.msgtype} | Count: {connection.msgcount} | "
        f"Serialization Format: {connection.ext.serialization_format}"
    )


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("bag_path", type=Path)


def _main(args: Namespace) -> int:
    with open_bag(args.bag_path) as reader:
        say(describe(args.bag_path, reader), end="")
    return 0


INFO = Verb("Describe a bag", _arguments, _main)
