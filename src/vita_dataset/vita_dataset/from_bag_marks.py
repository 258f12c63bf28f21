"""Marks that whoever recorded a bag set between episodes: messages on a topic, or calls of a service."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from vita_dataset.bag_reader import OpenBag
from vita_dataset.errors import DataError

BOOL = "std_msgs/msg/Bool"


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
    one, is none. A message of any other type ends one episode and begins the next; so do the events of a service
    (``<service>/_service_event``), of which a call gives several at once.

    Raises:
        DataError: the bag lacks the topic, or is damaged.
    """
    if topic not in bag.topics:
        raise DataError(
            f"bag '{bag.path}' has no topic '{topic}' to split it by; it has {sorted(bag.topics)}: correct "
            "--split-topic or leave it out"
        )
    says = bag.topics[topic] == BOOL
    items = sorted(bag.messages({topic}, decode=says), key=lambda item: item.time_ns)
    return Marks(
        tuple(item.time_ns for item in items),
        (not says, *(bool(item.message.data) if says else True for item in items)),
    )
