"""Settings of validation in an environment: which one, how many episodes and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vita_train.values import Values


@dataclass(frozen=True)
class EnvironmentSettings:
    """An environment by name.

    Attributes:
        package: imported before the name is looked up; None where gymnasium knows the name by itself.
        name: gymnasium id, with or without ``<package>/`` before it.
        kwargs: arguments for ``gymnasium.make``.
    """

    package: str | None
    name: str
    kwargs: Mapping[str, Any]


@dataclass(frozen=True)
class RolloutSettings:
    """How a policy is tried out.

    Attributes:
        episodes: how many.
        envs: environments that run at once; their observations are one batch.
        processes: over which these are spread; 0 = the environments run in this process, one after the other.
        videos: how many of the episodes are filmed, the first ones.
        seed: of the first episode; the next take seed + 1 and so on.
    """

    episodes: int
    envs: int
    processes: int
    videos: int
    seed: int


@dataclass(frozen=True)
class OnlineSettings:
    """Validation in an environment.

    Attributes:
        environment: None where the task names none.
        freq: steps between two validations; 0 = never.
        rollout: how the policy is tried out.
    """

    environment: EnvironmentSettings | None
    freq: int
    rollout: RolloutSettings


def read_online(values: Values) -> OnlineSettings:
    """Read ``task.env_*`` and what belongs to it in ``val``; mistakes are noted in ``values``."""
    result = OnlineSettings(
        environment=_environment(values),
        freq=values.integer("val.val_online_freq", 0),
        rollout=RolloutSettings(
            episodes=values.integer("val.eval_n_episodes", 1),
            envs=values.integer("val.eval_n_envs", 1),
            processes=values.integer("val.eval_n_processes", 0),
            videos=values.integer("val.num_viz_videos", 0),
            seed=values.integer("val.eval_seed", 0),
        ),
    )
    if result.freq and result.environment is None and values.raw("task.env_name") is None:
        values.note(
            f"val.val_online_freq={result.freq} needs an environment; name it with task.env_name and task.env_package"
        )
    return result


def environment_settings(package: str | None, name: str, kwargs: Mapping[str, Any] | None) -> EnvironmentSettings:
    """An environment from what a user wrote; ``package:name`` is gymnasium's way to write both in one."""
    prefix, colon, rest = name.partition(":")
    return EnvironmentSettings(package or (prefix if colon else None), rest if colon else name, dict(kwargs or {}))


def _environment(values: Values) -> EnvironmentSettings | None:
    package, name = values.optional_text("task.env_package"), values.optional_text("task.env_name")
    kwargs = values.raw("task.env_kwargs")
    if kwargs is not None and not isinstance(kwargs, Mapping):
        values.note(f"task.env_kwargs must be null or give arguments by name, but is {kwargs!r}")
        return None
    if not name:
        if package or kwargs:
            values.note("task.env_package and task.env_kwargs say nothing without task.env_name; name the environment")
        return None
    return environment_settings(package, name, kwargs)
