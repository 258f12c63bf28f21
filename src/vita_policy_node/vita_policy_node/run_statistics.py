"""How regular the ticks of a run were, and how old its chunks."""

from __future__ import annotations

from vita_policy_node.duration_histogram import DurationHistogram
from vita_train.policy.observation import ActionChunk


class RunStatistics:
    """Since the last start; bounded, however long the run."""

    def __init__(self, period_ns: int) -> None:
        """``period_ns``: the wanted time between two ticks."""
        self.ticks = DurationHistogram()
        self.inference = DurationHistogram()
        self.delay = DurationHistogram()
        self.missed_ticks = 0
        self._period_ns = period_ns
        self._last_ns: int | None = None

    def tick(self, now_ns: int) -> None:
        """A tick came; ``now_ns`` on a clock that keeps pace with the wanted period.

        From one and a half periods after the last tick on, one was missed, and so on with each period more.
        """
        if self._last_ns is not None:
            passed_ns = now_ns - self._last_ns
            self.ticks.add(passed_ns)
            self.missed_ticks += max(0, int(passed_ns / self._period_ns + 0.5) - 1)
        self._last_ns = now_ns

    def chunk(self, chunk: ActionChunk, now_ns: int) -> None:
        """A chunk came at ``now_ns`` on the clock of its stamp."""
        self.inference.add(chunk.inference_ns)
        self.delay.add(now_ns - chunk.stamp_ns)

    def values(self) -> dict[str, object]:
        """For the diagnostics."""
        return {
            "tick period": self.ticks.words(50, 95, 99),
            "ticks missed": self.missed_ticks,
            "inference": self.inference.words(50, 95),
            "observation to chunk": self.delay.words(50, 95),
        }

    def words(self) -> str:
        """One sentence for the log."""
        return (
            f"ticks: {self.ticks.words(50, 95, 99)}, {self.missed_ticks} missed of {self.ticks.count}; inference: "
            f"{self.inference.words(50, 95)}; observation to chunk: {self.delay.words(50, 95)}"
        )
