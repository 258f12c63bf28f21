"""Tries a finished checkpoint out in an environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from vita_dataset.progress import Progress, no_progress
from vita_train.environment_layout import Needs
from vita_train.environments import check_environment
from vita_train.online_result import OnlineResult
from vita_train.online_settings import EnvironmentSettings, RolloutSettings, environment_settings
from vita_train.online_validation import OnlineValidator
from vita_train.policy.checkpoint import Checkpoint


def environment_of_run(checkpoint: Path) -> EnvironmentSettings | None:
    """The environment that the task of a checkpoint's training names, None where nobody knows of one.

    Args:
        checkpoint: its folder; the newest ``logs/train_config_*.yaml`` of the session tells.
    """
    files = sorted((checkpoint.resolve().parent.parent / "logs").glob("train_config_*.yaml"))
    if not files:
        return None
    try:
        content = yaml.safe_load(files[-1].read_text(encoding="utf-8"))
        task = content["task"]
        package, name, kwargs = (task.get(key) for key in ("env_package", "env_name", "env_kwargs"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError, AttributeError):
        return None
    if not isinstance(name, str) or not (kwargs is None or isinstance(kwargs, Mapping)):
        return None
    return environment_settings(package if isinstance(package, str) else None, name, kwargs)


def with_changes(
    known: EnvironmentSettings | None, package: str | None, name: str | None, kwargs: Mapping[str, Any] | None
) -> EnvironmentSettings | None:
    """An environment with what a user wants otherwise; None changes nothing. Another name takes nothing over."""
    if name is not None:
        return environment_settings(package, name, kwargs)
    if known is None:
        return None
    return EnvironmentSettings(package or known.package, known.name, known.kwargs if kwargs is None else dict(kwargs))


def refuse_environment(checkpoint: Checkpoint, environment: EnvironmentSettings) -> None:
    """Refuse an environment in which a checkpoint cannot act.

    Raises:
        UsageError: see ``check_environment``.
        DataError: see there.
    """
    check_environment(environment, Needs.of(checkpoint.config, checkpoint.spec.fps))


def evaluate_online(
    checkpoint: Checkpoint,
    environment: EnvironmentSettings,
    settings: RolloutSettings,
    device: str,
    films: Path,
    on_progress: Progress = no_progress,
) -> OnlineResult:
    """Run episodes.

    Args:
        checkpoint: its weights are used as they are served.
        environment: where.
        settings: how many, and how.
        device: "cpu" or "cuda:<n>".
        films: folder for films.
        on_progress: called with (episodes done, episodes in all).

    Raises:
        UsageError: there is no such environment.
        DataError: it fails, or does not fit.
    """
    validator = OnlineValidator(environment, settings, checkpoint.config, checkpoint.spec)
    result = validator.run(checkpoint.build_policy().to(device), films, on_progress=on_progress)
    assert result is not None
    return result
