"""What the trials of a variant say together, and how they differ from those of the base."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, median
from typing import Any

from benchmarks.comparison.trial import Trial
from vita_dataset.success_rate import wilson_interval


@dataclass(frozen=True)
class Rate:
    """Successes of some episodes, and the 95 % Wilson interval of the rate."""

    successes: int
    episodes: int
    low: float
    high: float

    @classmethod
    def of(cls, trials: Sequence[Trial]) -> Rate:
        """Over all episodes of one or more trials."""
        successes, episodes = sum(trial.successes for trial in trials), sum(len(trial.episodes) for trial in trials)
        return cls(successes, episodes, *wilson_interval(successes, episodes))

    @property
    def rate(self) -> float:
        """From 0 to 1."""
        return self.successes / self.episodes


@dataclass(frozen=True)
class Duel:
    """A variant against the base on the starts that both tried, trainings of the same seed.

    Attributes:
        won: starts where only the variant succeeded.
        lost: starts where only the base did.
        p: chance of a split at least as uneven if both were equally good (exact sign test, two-sided).
    """

    won: int
    lost: int
    p: float

    @classmethod
    def of(cls, variant: Sequence[Trial], base: Sequence[Trial]) -> Duel:
        """Over all trainings that both have."""
        mine, others = _outcomes(variant), _outcomes(base)
        both = mine.keys() & others.keys()
        won = sum(mine[start] and not others[start] for start in both)
        lost = sum(others[start] and not mine[start] for start in both)
        return cls(won, lost, sign_test(won, lost))


@dataclass(frozen=True)
class Summary:
    """One variant.

    Attributes:
        rate: over all trainings.
        rates: of each training, in the order of the seeds.
        seeds: of the trainings.
        time_s: median simulated time to success [s], None without any.
        executed: error of the executed part over each joint's range, mean over the trainings.
        executed_each: of each training.
        chunk: the same of the whole chunk, mean.
        hold: error of holding the pose, executed part.
        train_cpu_s: processor time of a training, mean [s].
        duel: against the base, None for the base itself.
    """

    rate: Rate
    rates: tuple[Rate, ...]
    seeds: tuple[int, ...]
    time_s: float | None
    executed: float
    executed_each: tuple[float, ...]
    chunk: float
    hold: float
    train_cpu_s: float
    duel: Duel | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)


def summarise(trials: Sequence[Trial], base: Sequence[Trial] | None) -> Summary:
    """One or more trials of one variant; ``base``: those to compare with, None for the base itself."""
    times = [episode.time_s for trial in trials for episode in trial.episodes if episode.time_s is not None]
    return Summary(
        rate=Rate.of(trials),
        rates=tuple(Rate.of([trial]) for trial in trials),
        seeds=tuple(trial.seed for trial in trials),
        time_s=median(times) if times else None,
        executed=fmean(trial.error.executed for trial in trials),
        executed_each=tuple(trial.error.executed for trial in trials),
        chunk=fmean(trial.error.chunk for trial in trials),
        hold=fmean(trial.error.hold for trial in trials),
        train_cpu_s=fmean(trial.training.cpu_s for trial in trials),
        duel=None if base is None else Duel.of(trials, base),
    )


def sign_test(won: int, lost: int) -> float:
    """The two-sided exact sign test: how likely ``won`` to ``lost``, or worse, is when heads are as likely as tails."""
    tosses = won + lost
    tail = sum(math.comb(tosses, k) for k in range(min(won, lost) + 1))
    return min(1.0, 2 * tail / math.pow(2, tosses))


def _outcomes(trials: Sequence[Trial]) -> Mapping[tuple[int, int], bool]:
    return {(trial.seed, episode.seed): episode.time_s is not None for trial in trials for episode in trial.episodes}
