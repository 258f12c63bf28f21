"""What came of the episodes of one validation in an environment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from vita_dataset.success_rate import CONFIDENCE, wilson_interval
from vita_train.online_settings import EnvironmentSettings
from vita_train.running_episode import Outcome

SEEDS_IN_WORDS = 20
"""Of the failed episodes, how many are named in one line; ``online.json`` has them all."""


@dataclass(frozen=True)
class OnlineResult:
    """Episodes in the order of their seeds, one or more, and where they took place."""

    environment: EnvironmentSettings
    outcomes: tuple[Outcome, ...]

    @property
    def success_rate(self) -> float:
        """Share of successes, 0 to 1."""
        return self._successes / len(self.outcomes)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval of the success rate."""
        return wilson_interval(self._successes, len(self.outcomes))

    @property
    def mean_max_reward(self) -> float:
        """Mean over the episodes of the largest reward of a step."""
        return sum(outcome.max_reward for outcome in self.outcomes) / len(self.outcomes)

    @property
    def mean_steps(self) -> float:
        """Mean length of an episode [steps]."""
        return sum(outcome.steps for outcome in self.outcomes) / len(self.outcomes)

    @property
    def failed_seeds(self) -> tuple[int, ...]:
        """Of the episodes without success."""
        return tuple(outcome.seed for outcome in self.outcomes if not outcome.success)

    @property
    def failures(self) -> str:
        """From which seeds the policy failed, in one line; empty where it never did."""
        named = ", ".join(map(str, self.failed_seeds[:SEEDS_IN_WORDS]))
        more = len(self.failed_seeds) - SEEDS_IN_WORDS
        return named and f"failed from the seeds {named}" + (f" and {more} more" if more > 0 else "")

    @property
    def measured_on(self) -> str:
        """What the episodes were; rates of other episodes do not compare."""
        where, seeds = self.environment, [outcome.seed for outcome in self.outcomes]
        arguments = json.dumps(dict(where.kwargs), sort_keys=True, default=str)
        return f"{where.name} {arguments}, {len(seeds)} episodes from seed {seeds[0]}"

    @property
    def _successes(self) -> int:
        return sum(outcome.success for outcome in self.outcomes)

    def metrics(self) -> dict[str, float]:
        """Figures for loggers, by name."""
        low, high = self.interval
        return {
            "online/success_rate": self.success_rate,
            "online/success_low": low,
            "online/success_high": high,
            "online/mean_max_reward": self.mean_max_reward,
            "online/mean_episode_steps": self.mean_steps,
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        low, high = self.interval
        return {
            "environment": {**asdict(self.environment), "kwargs": _plain(self.environment.kwargs)},
            "measured_on": self.measured_on,
            "episodes": len(self.outcomes),
            "successes": self._successes,
            "success_rate": self.success_rate,
            "success_interval": {"low": low, "high": high},
            "confidence": CONFIDENCE,
            "mean_max_reward": self.mean_max_reward,
            "mean_episode_steps": self.mean_steps,
            "failed_seeds": list(self.failed_seeds),
            "rows": [asdict(outcome) for outcome in self.outcomes],
        }

    def summary(self) -> str:
        """The figures in one line."""
        low, high = self.interval
        return (
            f"{self._successes} of {len(self.outcomes)} episodes of {self.environment.name} succeed = "
            f"{self.success_rate:.0%} ({CONFIDENCE:.0%} interval {low:.0%} to {high:.0%}), largest reward "
            f"{self.mean_max_reward:.3g}, {self.mean_steps:.0f} steps on average"
        )


def _plain(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(dict(kwargs), default=str))
    return plain
