"""Marks that whoever recorded a bag set between episodes: messages on a topic, or calls of a service."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

from vita_dataset.bag_reader import OpenBag
from vita_dataset.errors import DataError

BOOL = "std_msgs/msg/Bool"
_EVENT = re.compile(r"\w+/(srv|action)/\w+_Event")
"""The types of ``<service>/_service_event``."""
_REQUESTS = (0, 1)
"""service_msgs/ServiceEventInfo: REQUEST_SENT, REQUEST_RECEIVED; their answers are 2 and 3."""
_EVENT_TYPE = 4
"""Where it stands in the bytes of any service's event: first, behind the four bytes that tell the encoding."""


@dataclass(frozen=True)
class Marks:
    """Times at which the stretches of a bag begin.

    Attributes:
        times_ns: when the bag recorded each mark, ascending.
        wanted: whether each stretch is an episode, that before the first mark included: one more than marks.
    """

    times_ns: tuple[int, ...] = ()
    wanted: tuple[bool, ...] = (True,)

    def stretch(self, time_ns: int) -> int:
        """The number of the stretch in which a time lies; a mark's own time lies behind it."""
        return bisect_right(self.times_ns, time_ns)


def read_marks(bag: OpenBag, topic: str) -> Marks:
    """The marks on a topic.

    A std_msgs/Bool says whether an episode goes on from here: what lies before the first true one, or behind a false
    one, is none. A message of any other type ends one episode and begins the next; so does a call of a service
    (``<service>/_service_event``), when it is asked and not when it answers, which may be much later.

    Raises:
        DataError: the bag lacks the topic, or is damaged.
    """
    if topic not in bag.topics:
        raise DataError(
            f"bag '{bag.path}' has no topic '{topic}' to split it by; it has {sorted(bag.topics)}: correct "
            "--split-topic or leave it out"
        )
    says = bag.topics[topic] == BOOL
    items = bag.messages({topic}, decode=says, convert=_says if says else _begins)
    marks = sorted((item for item in items if item.message is not None), key=lambda item: item.time_ns)
    return Marks(tuple(mark.time_ns for mark in marks), (not says, *(mark.message for mark in marks)))


def _says(_kind: str, message: Any) -> bool:
    return bool(message.data)


def _begins(kind: str, content: bytes) -> bool | None:
    """None for the answer of a service, which is no mark."""
    return None if _EVENT.fullmatch(kind) and content[_EVENT_TYPE] not in _REQUESTS else True
