"""The rules of an episode, the same whether the policy runs in the node or without it: starts, end and time."""

from __future__ import annotations

from dataclasses import dataclass

from vita_dataset.errors import UsageError

FIRST_SEED = 1_000_000
"""Evaluations count their seeds from here and demonstrations from 0, so that every start is unseen."""

TIME_LIMIT_S = 15.0
TAIL_S = 0.5
"""How long the policy goes on after success, so that a film shows it [s]."""

ROUNDING_NS = 1_000_000
"""A period is a whole number of nanoseconds, so that 450 of 1/30 s are a little less than 15 s."""


def episode_seeds(first: int, episodes: int) -> range:
    """The seeds of an evaluation, one an episode.

    Raises:
        UsageError: no episode, or a negative seed.
    """
    if episodes < 1 or first < 0:
        raise UsageError(f"an evaluation needs at least 1 episode and a seed from 0, but {episodes} and {first} came")
    return range(first, first + episodes)


@dataclass(frozen=True)
class EpisodeRules:
    """When an episode is over, in simulated time since the policy was started.

    Attributes:
        time_limit_s: success counts up to this time [s].
        tail_s: how long it goes on after success [s].
    """

    time_limit_s: float = TIME_LIMIT_S
    tail_s: float = TAIL_S

    def __post_init__(self) -> None:
        if not 0 < self.time_limit_s <= 3600:
            raise UsageError(f"the time limit must be above 0 and at most 3600 s, but is {self.time_limit_s:g} s")

    def time_to_success_s(self, succeeded_ns: int | None) -> float | None:
        """The time [s] of a success that came at ``succeeded_ns``; None without one, or when it came too late."""
        if succeeded_ns is None or succeeded_ns > self.time_limit_s * 1e9:
            return None
        return succeeded_ns / 1e9

    def is_over(self, elapsed_ns: int, succeeded_ns: int | None) -> bool:
        """Whether the episode ends at ``elapsed_ns``."""
        time_s = self.time_to_success_s(succeeded_ns)
        end_s = self.time_limit_s if time_s is None else time_s + self.tail_s
        return elapsed_ns >= end_s * 1e9 - ROUNDING_NS
