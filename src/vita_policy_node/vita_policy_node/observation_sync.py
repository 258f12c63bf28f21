"""Matches one message of each stream into an observation, guarded against what breaks a synchroniser."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from message_filters import ApproximateTimeSynchronizer, SimpleFilter

from vita_policy_node.conversions import stamp_ns
from vita_policy_node.streams import Arrival, StreamLimit, StreamRules
from vita_train.policy.observation_history import ObservationHistory


@dataclass(frozen=True, eq=False)
class MatchedSet:
    """One message of each stream.

    Attributes:
        stamp_ns: the first stream's stamp.
        messages: in the order of the streams.
        earlier: the sets before this one that the policy looks at too, the oldest first; they have none themselves.
    """

    stamp_ns: int
    messages: tuple[Any, ...]
    earlier: tuple[MatchedSet, ...] = ()


class ObservationSync:
    """Feeds accepted messages to ``message_filters`` and keeps the newest messages and matched sets.

    The node feeds it from subscriptions, the offline replay from a bag: the same matches for the same messages.
    The synchroniser's callback only stores, because message_filters keeps its lock held for ever when one raises.
    The observation's time is that of the first stream, a camera: actions were recorded at its frames.
    """

    def __init__(
        self,
        limits: tuple[StreamLimit, ...],
        slop_s: float,
        queue_size: int,
        obs_horizon: int = 1,
        period_ns: int = 0,
    ) -> None:
        """Begins without messages.

        Args:
            limits: of the streams.
            slop_s: how far the stamps of one set may lie apart.
            queue_size: messages of each stream that wait for the others.
            obs_horizon: observations that the policy looks at.
            period_ns: time between two of them; see ``ObservationHistory``.
        """
        self.rules = StreamRules(limits)
        self.matched_sets = 0
        self._limits = limits
        self._slop_s = slop_s
        self._queue_size = queue_size
        self._history = ObservationHistory[MatchedSet](obs_horizon, period_ns)
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
        """The newest matched set and with it what the policy looks back on, None before the first."""
        observed = self._history.window()
        if not observed:
            return None
        *earlier, newest = observed
        return replace(newest, earlier=tuple(earlier)) if earlier else newest

    def newest_messages(self) -> tuple[Any | None, ...]:
        """The newest accepted message of each stream."""
        return tuple(self._newest_messages)

    def forget_past(self) -> None:
        """Let the policy look back on nothing older than the newest matched set."""
        newest = self.newest_set()
        self._history.clear()
        if newest is not None:
            self._history.push(replace(newest, earlier=()))

    def forget(self) -> None:
        """Forget all messages and stamps, for time has jumped; counters stay."""
        self.rules.forget()
        self._clear()

    def retune(self, slop_s: float) -> None:
        """Match by another slop from now on; messages that wait for others are forgotten."""
        if slop_s != self._slop_s:
            self._slop_s = slop_s
            self._connect()

    def reset_counts(self) -> None:
        """Start counting anew."""
        self.rules.reset_counts()
        self.matched_sets = 0

    def _clear(self) -> None:
        self._newest_messages: list[Any | None] = [None] * len(self._limits)
        self._history.clear()
        self._connect()

    def _connect(self) -> None:
        self._inputs = [SimpleFilter() for _ in self._limits]
        self._synchroniser = ApproximateTimeSynchronizer(self._inputs, self._queue_size, self._slop_s)
        self._synchroniser.registerCallback(self._store)

    def _store(self, *messages: Any) -> None:
        matched, newest = MatchedSet(stamp_ns(messages[0]), messages), self.newest_set()
        # One that was completed late, after a newer one, is neither the newest nor a sign that time has jumped.
        if newest is None or matched.stamp_ns > newest.stamp_ns:
            self._history.push(matched)
        self.matched_sets += 1
        for count in self.rules.counts:
            count.matched += 1
