"""What a policy that looks back sees: the newest observation and those one, two, ... periods before it."""

from __future__ import annotations

from collections import deque
from typing import Generic, Protocol, TypeVar


class Stamped(Protocol):
    """Anything with a time."""

    @property
    def stamp_ns(self) -> int:
        """When it was observed."""
        ...


T = TypeVar("T", bound=Stamped)


class ObservationHistory(Generic[T]):
    """Keeps what was observed and chooses what the policy looks at, by time and not by count.

    Training looks at steps that lie one period apart. In service observations may come faster, slower, or not at all
    for a moment, and each of the chosen ones is the nearest to the time at which training would have looked.
    What it keeps spans ``horizon - 1`` periods and one observation more, however fast they come. Owns no clock; one
    thread at a time. It holds references only, of decoded observations or of messages that nobody decoded yet.
    """

    def __init__(self, horizon: int, period_ns: int) -> None:
        """Begins empty.

        Args:
            horizon: O, observations that the policy looks at, at least 1.
            period_ns: time between two steps of the data that it was trained on.
        """
        self._period_ns = period_ns
        self._horizon = horizon
        self._kept: deque[T] = deque()

    def push(self, observation: T) -> None:
        """Add the newest one.

        One that is older than those before it tells that time has jumped back, and nothing from before the jump stays.
        One of the same time takes the place of the one before it.
        """
        if self._kept and observation.stamp_ns < self._kept[-1].stamp_ns:
            self.clear()
        elif self._kept and observation.stamp_ns == self._kept[-1].stamp_ns:
            self._kept.pop()
        self._kept.append(observation)
        # Of those at or before the time that the oldest is chosen for, only the last can be chosen, now or later.
        oldest_ns = observation.stamp_ns - (self._horizon - 1) * self._period_ns
        while len(self._kept) > 1 and self._kept[1].stamp_ns <= oldest_ns:
            self._kept.popleft()

    def window(self) -> tuple[T, ...]:
        """What the policy looks at now.

        Returns:
            O observations, the oldest first and the newest last. The one k places before the last is the nearest to k
            periods before the newest, of two equally near ones the older. Where nothing is so old, the oldest repeats,
            as training repeats the first step of an episode. Empty before the first observation.
        """
        if not self._kept:
            return ()
        newest_ns = self._kept[-1].stamp_ns
        wanted = [newest_ns - back * self._period_ns for back in range(self._horizon - 1, 0, -1)]
        return (*map(self._nearest, wanted), self._kept[-1])

    def clear(self) -> None:
        """Forget everything: what comes next has no past."""
        self._kept.clear()

    def _nearest(self, wanted_ns: int) -> T:
        # The first of equals, which is the older.
        return min(self._kept, key=lambda kept: abs(kept.stamp_ns - wanted_ns))
