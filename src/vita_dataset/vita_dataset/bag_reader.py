"""Reads a rosbag2 topic by topic, whole or a stretch of it. The one file that reads bags.

Only messages of the standard packages are decoded, with the definitions that come with rosbags: those in a bag are not
parsed, for one that rosbags cannot parse, such as a service's, would make the other topics unreadable too.

On damaged files rosbags lets through whatever its storages raise (SQLite's, zstd's and lz4's own errors, struct.error,
OverflowError and more), so the places that call it take any exception for a damaged bag.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rosbags.interfaces import Connection
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_typestore
from rosbags.typesys.store import Typestore

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
def naming(path: Path, topic: str | None = None) -> Iterator[None]:
    """Put a bag's name, and a topic's where one is given, before what is wrong with something in it."""
    try:
        yield
    except DataError as error:
        where = f"bag '{path}'" if topic is None else f"topic '{topic}' of bag '{path}'"
        raise DataError(f"{where}: {error}") from error


def breaks_off(path: Path, reason: object) -> DataError:
    """What to raise where a bag turns out to be damaged."""
    return DataError(f"bag '{path}' breaks off ({reason}); reindex it with 'ros2 bag reindex' or record it again")


def stamp_ns(message: Any) -> int:
    """The stamp in a message's header [ns], 0 where it was never set."""
    stamp = message.header.stamp
    return int(stamp.sec) * NS_PER_S + int(stamp.nanosec)


class OpenBag:
    """A bag open for reading; made by ``open_bag``.

    Attributes:
        path: its folder.
        topics: its topics and their types, "sensor_msgs/msg/Image"; several types of one topic joined by " and ".
    """

    def __init__(self, path: Path, reader: Reader) -> None:
        self.path = path
        self._connections = tuple(reader.connections)
        self._reader = reader
        kinds: dict[str, list[str]] = {}
        for connection in self._connections:
            known = kinds.setdefault(connection.topic, [])
            known += [connection.msgtype] if connection.msgtype not in known else []
        self.topics = {topic: " and ".join(sorted(known)) for topic, known in kinds.items()}

    def check(self, wanted: Iterable[tuple[str, Collection[str]]], advice: str) -> None:
        """Refuse a bag that lacks a topic.

        Args:
            wanted: topics and the types of which each may be.
            advice: what to do about it other than to choose another bag, for the message.

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
                f"choose another bag{advice}"
            )

    def messages(
        self,
        topics: Collection[str],
        first_ns: int | None = None,
        last_ns: int | None = None,
        *,
        decode: bool = True,
        convert: Callable[[str, Any], Any] | None = None,
    ) -> Iterator[BagItem]:
        """The messages of some topics in the order of the bag.

        Args:
            topics: names of topics which the bag has.
            first_ns: the earliest recording time wanted; None for all.
            last_ns: the latest recording time wanted; None for all.
            decode: without it the messages are None, and their types need not be known.
            convert: gets the type and the message as rosbags decoded it, or its bytes without ``decode``, and gives
                what takes the message's place; that it raises is taken for a damaged bag.

        Raises:
            DataError: the bag breaks off, or has another definition of a type than this.
        """
        connections = [connection for connection in self._connections if connection.topic in topics]
        if not connections:  # which rosbags takes for all
            return
        if decode:
            self._check_definitions(connections)
        stop_ns = None if last_ns is None else last_ns + 1
        found = self._reader.messages(connections, first_ns, stop_ns)
        while True:
            try:
                item = next(found, None)
                if item is None:
                    return
                connection, time_ns, data = item
                kind = connection.msgtype
                message = _store().deserialize_cdr(data, kind) if decode else None
                if convert is not None:
                    message = convert(kind, message if decode else data)
            except Exception as error:  # see the top
                raise breaks_off(self.path, error) from error
            yield BagItem(connection.topic, kind, time_ns, message)

    def _check_definitions(self, connections: Sequence[Connection]) -> None:
        """ROS 2 bags since Iron tell a hash of each type's fields."""
        for connection in connections:
            if connection.digest and connection.digest != _store().hash_rihs01(connection.msgtype):
                raise DataError(
                    f"topic '{connection.topic}' of bag '{self.path}' has a {connection.msgtype} with other fields "
                    "than ROS 2 defines; record it with the standard message"
                )


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
        reader = Reader(path)
        reader.open()
    except Exception as error:  # see the top
        raise DataError(
            f"bag '{path}' cannot be opened ({error}); reindex it with 'ros2 bag reindex' or record it again"
        ) from error
    try:
        yield OpenBag(path, reader)
    finally:
        reader.close()


@cache
def _store() -> Typestore:
    return get_typestore(Stores.LATEST)
