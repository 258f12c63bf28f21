"""Rules for each incoming stream: which stamps are accepted, when it is stale, when time jumped."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

JUMP_NS = 500_000_000


class Arrival(Enum):
    """What becomes of a message."""

    ACCEPTED = "accepted"
    ZERO_STAMP = "zero_stamp"
    REPEATED = "repeated"
    OUT_OF_ORDER = "out_of_order"
    FUTURE = "future"
    JUMPED_BACK = "jumped_back"
    FOREIGN = "names none of this robot's joints"


@dataclass(frozen=True)
class StreamLimit:
    """A stream's name, as people know it, and the age from which it is stale [ns]."""

    name: str
    timeout_ns: int


@dataclass
class StreamCounts:
    """Since the last reset of the counters: messages received, refused, and used in a matched set."""

    received: int = 0
    refused: int = 0
    matched: int = 0

    @property
    def dropped(self) -> int:
        """Messages that never became part of a matched set, refused ones included."""
        return self.received - self.matched


class StreamRules:
    """Judges stamps. Stamps order messages of one stream; the node's clock only judges their age.

    A stamp of 0 was never set. A stamp that repeats, or goes back a little, carries nothing new: a frozen camera
    becomes stale. A stamp that goes back by more than ``JUMP_NS`` is a looped bag or a simulator reset: time starts
    anew for all streams. A stamp ahead of the clock by more than the stream's limit belongs to another clock.
    """

    def __init__(self, limits: tuple[StreamLimit, ...]) -> None:
        self._limits = limits
        self.counts = tuple(StreamCounts() for _ in limits)
        self.refusals: dict[str, int] = {}
        self._newest: list[int | None] = [None] * len(limits)
        self._last_refusal: list[Arrival | None] = [None] * len(limits)

    def accept(self, stream: int, stamp_ns: int, now_ns: int) -> Arrival:
        """Judge one message; ``JUMPED_BACK`` means accepted, but everything older must be forgotten first."""
        arrival = self._judge(stream, stamp_ns, now_ns)
        if arrival is Arrival.JUMPED_BACK:
            self.forget()
        if arrival in (Arrival.ACCEPTED, Arrival.JUMPED_BACK):
            self.counts[stream].received += 1
            self._newest[stream] = stamp_ns
            self._last_refusal[stream] = None
        else:
            self.refuse(stream, arrival)
        return arrival

    def refuse(self, stream: int, why: Arrival) -> None:
        """Count one message that is not used."""
        self.counts[stream].received += 1
        self.counts[stream].refused += 1
        self._last_refusal[stream] = why
        key = f"{self._limits[stream].name}: {why.value}"
        self.refusals[key] = self.refusals.get(key, 0) + 1

    def _judge(self, stream: int, stamp_ns: int, now_ns: int) -> Arrival:
        if stamp_ns <= 0:
            return Arrival.ZERO_STAMP
        if stamp_ns - now_ns > self._limits[stream].timeout_ns:
            return Arrival.FUTURE
        newest = self._newest[stream]
        if newest is None or stamp_ns > newest:
            return Arrival.ACCEPTED
        if newest - stamp_ns > JUMP_NS:
            return Arrival.JUMPED_BACK
        return Arrival.REPEATED if stamp_ns == newest else Arrival.OUT_OF_ORDER

    def forget(self) -> None:
        """Forget all stamps; counters stay."""
        self._newest = [None] * len(self._limits)

    def reset_counts(self) -> None:
        """Start counting anew."""
        self.counts = tuple(StreamCounts() for _ in self._limits)
        self.refusals = {}

    def ages_ns(self, now_ns: int) -> tuple[int | None, ...]:
        """How old each stream's newest stamp is; None where there is none."""
        return tuple(None if newest is None else now_ns - newest for newest in self._newest)

    def stale(self, now_ns: int) -> tuple[str, ...]:
        """Why streams are unusable now, one stable text for each (it names no changing number), empty if none."""
        reasons = []
        for limit, newest, refusal in zip(self._limits, self._newest, self._last_refusal, strict=True):
            why = f"; its last message was refused: {_WHY[refusal]}" if refusal else ""
            if newest is None:
                reasons.append(f"{limit.name} has sent nothing usable{why}")
            elif abs(now_ns - newest) > limit.timeout_ns:
                reasons.append(f"{limit.name} is stale, older than {limit.timeout_ns / 1e9:g} s{why}")
        return tuple(reasons)


_WHY = {
    Arrival.ZERO_STAMP: "its stamp is 0, let the driver fill header.stamp",
    Arrival.REPEATED: "its stamp repeats, the driver is frozen",
    Arrival.OUT_OF_ORDER: "its stamp goes back, two publishers may share the topic",
    Arrival.FOREIGN: "it names none of this robot's joints, another robot may share the topic",
    Arrival.FUTURE: "its stamp lies ahead of the node's clock, check use_sim_time and the clocks' synchronisation",
}
