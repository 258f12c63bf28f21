"""Reads a rosbag2 topic by topic, whole or a stretch of it, for ``from_bag``.

On damaged files rosbags lets through whatever its storages raise (SQLite's, zstd's and lz4's own errors, struct.error
and more), so the places that call it take any exception for a damaged bag.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_typestore

from vita_dataset.errors import DataError

NS_PER_S = 1_000_000_000


@dataclass(frozen=True, eq=False)
class BagItem:
    """One message, its topic and type, and when the bag recorded it [ns]."""

    topic: str
    kind: str
    time_ns: int
    message: Any

    def without_message(self) -> BagItem:
        """The same without its content."""
        return BagItem(self.topic, self.kind, self.time_ns, None)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put a bag's name before what is wrong with something in it."""
    try:
        yield
    except DataError as error:
        raise DataError(f"bag '{path}': {error}") from error


def stamp_ns(message: Any) -> int:
    """The stamp in a message's header [ns], 0 where it was never set."""
    stamp = message.header.stamp
    return int(stamp.sec) * NS_PER_S + int(stamp.nanosec)


class OpenBag:
    """A bag open for reading; made by ``open_bag``."""

    def __init__(self, path: Path, reader: AnyReader) -> None:
        self.path = path
        self.topics: dict[str, str] = {connection.topic: connection.msgtype for connection in reader.connections}
        """The topics and their types, "sensor_msgs/msg/Image"."""
        self._reader = reader

    def check(self, wanted: Iterable[tuple[str, Collection[str]]], advice: str) -> None:
        """Refuse a bag that lacks a topic.

        Args:
            wanted: topics and the types of which each may be.
            advice: what else to do about it, for the message.

        Raises:
            DataError: topics are missing or of another type; all are listed.
        """
        problems = [
            f"topic '{topic}' ({' or '.join(kinds)}) "
            + (f"has type {self.topics[topic]}" if topic in self.topics else "is missing")
            for topic, kinds in wanted
            if self.topics.get(topic) not in kinds
        ]
        if problems:
            raise DataError(
                f"bag '{self.path}' does not fit: {'; '.join(problems)}; it has {sorted(self.topics)}: "
                f"choose another bag, correct the topics or the transport in the robot file{advice}"
            )

    def messages(
        self,
        topics: Collection[str],
        first_ns: int | None = None,
        last_ns: int | None = None,
        *,
        decode: bool = True,
    ) -> Iterator[BagItem]:
        """The messages of some topics in the order of the bag.

        Args:
            topics: names of topics which the bag has.
            first_ns: the earliest recording time wanted; None for all.
            last_ns: the latest recording time wanted; None for all.
            decode: without it the messages are None, and their types need not be known.

        Raises:
            DataError: the bag breaks off.
        """
        connections = [connection for connection in self._reader.connections if connection.topic in topics]
        stop_ns = None if last_ns is None else last_ns + 1
        found = self._reader.messages(connections, first_ns, stop_ns)
        while True:
            try:
                item = next(found, None)
                if item is None:
                    return
                connection, time_ns, data = item
                if not 0 <= time_ns < 2**63:
                    raise ValueError(f"a message recorded at {time_ns} ns")
                message = self._reader.deserialize(data, connection.msgtype) if decode else None
            except Exception as error:  # see the top
                raise DataError(
                    f"bag '{self.path}' breaks off ({error}); reindex it with 'ros2 bag reindex' or record it again"
                ) from error
            yield BagItem(connection.topic, connection.msgtype, time_ns, message)


@contextmanager
def open_bag(path: Path) -> Iterator[OpenBag]:
    """Open a bag.

    Raises:
        DataError: no such bag, no metadata.yaml in it, or it is damaged.
    """
    if not (path / "metadata.yaml").is_file():
        raise DataError(
            f"'{path}' is not a rosbag2: it has no metadata.yaml; give the bag's folder, or make the file with "
            "'ros2 bag reindex'"
        )
    try:
        reader = AnyReader([path], default_typestore=get_typestore(Stores.LATEST))
        reader.open()
    except Exception as error:  # see the top
        raise DataError(
            f"bag '{path}' cannot be opened ({error}); reindex it with 'ros2 bag reindex' or record it again"
        ) from error
    try:
        yield OpenBag(path, reader)
    finally:
        reader.close()
