"""Matches one message of each stream into an observation, guarded against what breaks a synchroniser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from message_filters import ApproximateTimeSynchronizer, SimpleFilter

from vita_policy_node.conversions import stamp_ns
from vita_policy_node.streams import Arrival, StreamLimit, StreamRules


@dataclass(frozen=True, eq=False)
class MatchedSet:
    """One message of each stream, in the order of the streams. ``stamp_ns`` is the first stream's stamp."""

    stamp_ns: int
    messages: tuple[Any, ...]


class ObservationSync:
    """Feeds accepted messages to ``message_filters`` and keeps the newest matched set and messages.

    The node feeds it from subscriptions, the offline replay from a bag: the same matches for the same messages.
    The synchroniser's callback only stores, because message_filters keeps its lock held for ever when one raises.
    The observation's time is that of the first stream, a camera: actions were recorded at its frames.
    """

    def __init__(self, limits: tuple[StreamLimit, ...], slop_s: float, queue_size: int) -> None:
        self.rules = StreamRules(limits)
        self.matched_sets = 0
        self._limits = limits
        self._slop_s = slop_s
        self._queue_size = queue_size
        self._clear()

    def add(self, stream: int, message: Any, now_ns: int) -> Arrival:
        """Take one message. After ``JUMPED_BACK`` all older sets and messages are gone."""
        arrival = self.rules.accept(stream, stamp_ns(message), now_ns)
        if arrival is Arrival.JUMPED_BACK:
            self._clear()
        elif arrival is not Arrival.ACCEPTED:
            return arrival
        self._newest_messages[stream] = message
        self._inputs[stream].signalMessage(message)
        return arrival

    def newest_set(self) -> MatchedSet | None:
        """The newest matched set, None before the first."""
        return self._newest_set

    def newest_messages(self) -> tuple[Any | None, ...]:
        """The newest accepted message of each stream."""
        return tuple(self._newest_messages)

    def forget(self) -> None:
        """Forget all messages and stamps, for time has jumped; counters stay."""
        self.rules.forget()
        self._clear()

    def reset_counts(self) -> None:
        """Start counting anew."""
        self.rules.reset_counts()
        self.matched_sets = 0

    def _clear(self) -> None:
        self._newest_messages: list[Any | None] = [None] * len(self._limits)
        self._newest_set: MatchedSet | None = None
        self._inputs = [SimpleFilter() for _ in self._limits]
        self._synchroniser = ApproximateTimeSynchronizer(self._inputs, self._queue_size, self._slop_s)
        self._synchroniser.registerCallback(self._store)

    def _store(self, *messages: Any) -> None:
        self._newest_set = MatchedSet(stamp_ns(messages[0]), messages)
        self.matched_sets += 1
        for count in self.rules.counts:
            count.matched += 1
