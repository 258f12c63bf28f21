"""Tries a policy out in an environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from torch import Tensor

from vita_dataset.progress import Progress, no_progress
from vita_dataset.spec import DatasetSpec
from vita_train.environment_layout import Needs
from vita_train.environment_processes import open_group
from vita_train.online_folder import film_name
from vita_train.online_result import OnlineResult
from vita_train.online_settings import EnvironmentSettings, RolloutSettings
from vita_train.policy.config import VitaConfig
from vita_train.policy.vita import VitaPolicy
from vita_train.rollout import run_episodes
from vita_train.undisturbed import undisturbed


class OnlineValidator:
    """Runs the same episodes each time, in environments that are opened for it: none holds memory between two runs."""

    def __init__(
        self, environment: EnvironmentSettings, settings: RolloutSettings, config: VitaConfig, spec: DatasetSpec
    ) -> None:
        """Prepares runs; opens nothing yet.

        Args:
            environment: where.
            settings: how many episodes, and how.
            config: of the policies that will come.
            spec: of their dataset.
        """
        self.environment = environment
        self.settings = settings
        self._spec = spec
        self._needs = Needs.of(config, spec.fps)

    def run(
        self,
        policy: VitaPolicy,
        films: Path,
        weights: Mapping[str, Tensor] | None = None,
        interrupted: Callable[[], bool] = lambda: False,
        on_progress: Progress = no_progress,
    ) -> OnlineResult | None:
        """Try a policy out, which afterwards is to the bit what it was, as are torch's random numbers.

        Args:
            policy: on its device.
            films: folder for films.
            weights: to use instead of its own, by parameter name (averaged weights).
            interrupted: asked before each step; True ends the run.
            on_progress: called with (episodes done, episodes in all).

        Returns:
            What came out, None when interrupted.

        Raises:
            UsageError: the environment is not there any more.
            DataError: it fails.
        """
        settings = self.settings
        seeds = range(settings.seed, settings.seed + settings.episodes)
        envs = min(settings.envs, settings.episodes)
        paths = [films / film_name(number) for number in range(min(settings.videos, settings.episodes))]
        with (
            undisturbed(policy, weights),
            open_group(self.environment, self._needs, envs, settings.processes) as group,
        ):
            outcomes = run_episodes(policy, self._spec, group, envs, seeds, paths, interrupted, on_progress)
        return None if outcomes is None else OnlineResult(self.environment, outcomes)
