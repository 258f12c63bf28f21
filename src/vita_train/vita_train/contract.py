"""Whether a task and a dataset fit, and the policy settings that follow from both."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from vita_dataset.errors import DataError
from vita_dataset.spec import DatasetSpec, VectorSpec
from vita_dataset.stats import Stats
from vita_train.frame_rate import FPS_TOLERANCE
from vita_train.policy.config import VitaConfig
from vita_train.settings import TaskSettings, TrainSettings


def check_contract(task: TaskSettings, spec: DatasetSpec) -> None:
    """Refuse a dataset that is not what the task describes.

    Raises:
        DataError: lists every disagreement.
    """
    problems = [*_cameras(task, spec), *_vector("state", task.state_key, task.state_dim, spec.state)]
    problems += _vector("action", task.action_key, task.action_dim, spec.action)
    if task.fps is not None and abs(task.fps - spec.fps) > FPS_TOLERANCE:
        problems.append(f"task.fps is {task.fps:g} but it was recorded at {spec.fps:g} steps per second")
    if problems:
        raise DataError(
            f"the dataset '{task.dataset_root}' does not fit task '{task.name}': {'; '.join(problems)}; "
            "correct the task file, or convert the dataset that it means"
        )


def check_stats(task: TaskSettings, spec: DatasetSpec, stats: Stats) -> None:
    """Refuse statistics by which the features of a task cannot be scaled.

    Args:
        task: names the features.
        spec: of the dataset; it fits the task.
        stats: of the dataset, with the task's overrides.

    Raises:
        DataError: lists every key whose statistics are missing, of another size or not finite.
    """
    sizes = dict.fromkeys(task.image_keys, 3) | {spec.state.key: spec.state.dim, spec.action.key: spec.action.dim}
    problems = []
    for key, size in sizes.items():
        own = stats.get(key)
        if own is None:
            problems.append(f"'{key}' has none")
        elif (own.mean.size, own.std.size) != (size, size):
            problems.append(f"those of '{key}' have {own.mean.size} means and {own.std.size} stds instead of {size}")
        elif not (np.isfinite(own.mean).all() and np.isfinite(own.std).all()):
            problems.append(f"those of '{key}' are not finite")
    if problems:
        raise DataError(
            f"the statistics of '{task.dataset_root}' do not fit its features: {'; '.join(problems)}; convert the "
            "dataset again"
        )


def make_policy_config(settings: TrainSettings, spec: DatasetSpec) -> VitaConfig:
    """The policy's settings: its own as configured, its inputs and widths from task and dataset.

    Raises:
        UsageError: lists every policy setting that makes no sense.
    """
    policy = {key: value for key, value in settings.policy.items() if key not in ("vita", "action_ae")}
    # The reference nests these two groups one level deeper than the policy does.
    autoencoder = dict(settings.policy["action_ae"])
    net = autoencoder.pop("net")
    policy |= settings.policy["vita"] | {"action_ae": autoencoder | net}
    task = settings.task
    return VitaConfig.from_dict(
        policy
        | {
            "image_keys": task.image_keys,
            "state_key": task.state_key,
            "action_key": task.action_key,
            "state_dim": spec.state.dim,
            "action_dim": spec.action.dim,
            "resize_shape": settings.resize_shape,
            "crop_shape": settings.crop_shape,
        }
    )


def _cameras(task: TaskSettings, spec: DatasetSpec) -> Iterable[str]:
    have = [camera.key for camera in spec.cameras]
    for key in task.image_keys:
        if key not in have:
            yield f"task.image_keys names '{key}', but its cameras are {', '.join(have) or 'none'}"


def _vector(role: str, key: str, dim: int | None, vector: VectorSpec) -> Iterable[str]:
    if key != vector.key:
        yield f"task.{role}_key is '{key}', but its {role} is '{vector.key}'"
    if dim is not None and dim != vector.dim:
        yield f"task.{role}_dim is {dim}, but its {role} has {vector.dim} elements"
