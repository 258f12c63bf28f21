"""What the diagnostics say of the streams: their rate, their age, and how far apart a set's messages were taken."""

from __future__ import annotations

from vita_policy_node.control_loop import ControlLoop
from vita_policy_node.conversions import stamp_ns
from vita_policy_node.observation_sync import MatchedSet


class RateMeter:
    """Events per second between two looks at counters that grow."""

    def __init__(self) -> None:
        """Knows no rate before the second look."""
        self._last: dict[str, int] = {}
        self._looked_ns: int | None = None

    def rates_hz(self, counters: dict[str, int], steady_ns: int) -> dict[str, float]:
        """The rate of each counter since the last look; those that are new or began anew are left out."""
        passed_ns = 0 if self._looked_ns is None else steady_ns - self._looked_ns
        last, self._last, self._looked_ns = self._last, dict(counters), steady_ns
        if passed_ns <= 0:
            return {}
        return {
            name: (count - last[name]) * 1e9 / passed_ns
            for name, count in counters.items()
            if name in last and count >= last[name]
        }


def stream_values(loop: ControlLoop, rates_hz: dict[str, float], now_ns: int) -> dict[str, object]:
    """For the diagnostics, by name; ages are those of the newest stamps by the node's clock ``now_ns``."""
    values: dict[str, object] = {}
    ages_ns = loop.sync.rules.ages_ns(now_ns)
    for stream, count, age_ns in zip(loop.layout.streams, loop.sync.rules.counts, ages_ns, strict=True):
        values[f"{stream.name} received"] = count.received
        values[f"{stream.name} matched"] = count.matched
        values[f"{stream.name} refused"] = count.refused
        if stream.name in rates_hz:
            values[f"{stream.name} rate"] = f"{rates_hz[stream.name]:.1f} Hz"
        if age_ns is not None:
            values[f"{stream.name} age"] = f"{age_ns / 1e6:.0f} ms"
    if (newest := loop.sync.newest_set()) is not None:
        values["skew of the newest set"] = f"{skew_ns(newest) / 1e6:.1f} ms"
    return values


def received(loop: ControlLoop) -> dict[str, int]:
    """The messages received of each stream, for ``RateMeter``."""
    return {
        stream.name: count.received for stream, count in zip(loop.layout.streams, loop.sync.rules.counts, strict=True)
    }


def skew_ns(matched: MatchedSet) -> int:
    """The difference between the oldest and the newest stamp of a set."""
    stamps = [stamp_ns(message) for message in matched.messages]
    return max(stamps) - min(stamps)
