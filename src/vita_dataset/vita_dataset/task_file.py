"""Writes a task configuration for the trainer, filled in from a converted dataset."""

from __future__ import annotations

from pathlib import Path

from vita_dataset.errors import DataError, UsageError
from vita_dataset.spec import DatasetSpec
from vita_dataset.stats import FeatureStats, Stats
from vita_dataset.yaml_text import scalar

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def task_text(spec: DatasetSpec, dataset_root: str, stats: Stats) -> str:
    """The YAML text of a task.

    Args:
        spec: the dataset.
        dataset_root: the dataset's folder, ``${oc.env:...}`` allowed.
        stats: of its features; those that training uses are written down for a person to see.
    """
    height, width = spec.cameras[0].height, spec.cameras[0].width
    lines = [
        "# @package _global_",
        "",
        f"resize_shape: [{height}, {width}]  # [H, W] that the network sees before the crop; the stored size",
        f"crop_shape: [{_crop(height, 14 / 15)}, {_crop(width, 77 / 80)}]  # [H, W], random in training, centred after",
        "",
        "task:",
        f"  name: {scalar(spec.repo_id.replace('/', '_'))}",
        f"  dataset_repo_id: {scalar(spec.repo_id)}",
        f"  dataset_root: {scalar(dataset_root)}",
        "  dataset_episodes: null  # all; or a list such as [0, 1, 2]",
        "",
        "  # null: the dataset's own statistics. For a backbone trained on ImageNet give ImageNet's for each camera:",
        f"  #   <image key>: {{mean: {_nested(IMAGENET_MEAN)}, std: {_nested(IMAGENET_STD)}}}",
        "  # The dataset's own:",
        *[f"  #   {scalar(key)}: {_measured(stats[key])}" for key in _normalized(spec)],
        "  override_stats: null",
        "",
        "  env_package: null",
        "  env_name: null",
        "  env_kwargs: null",
        "",
        f"  fps: {spec.fps:g}",
        "  image_keys:",
        *[f"    - {scalar(camera.key)}" for camera in spec.cameras],
        f"  state_key: {scalar(spec.state.key)}",
        f"  action_key: {scalar(spec.action.key)}",
        f"  state_dim: {spec.state.dim}",
        f"  action_dim: {spec.action.dim}",
    ]
    return "\n".join(lines) + "\n"


def write_new_file(path: Path, text: str) -> None:
    """Write a text file that must not exist yet; whoever edited one keeps it.

    Raises:
        UsageError: the file exists.
        DataError: it cannot be written.
    """
    if path.exists():
        raise UsageError(f"'{path}' exists and may have been edited; remove it or choose another name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DataError(f"'{path}' cannot be written ({error.strerror}); choose another place") from error


def _normalized(spec: DatasetSpec) -> list[str]:
    return [*(camera.key for camera in spec.cameras), spec.state.key, spec.action.key]


def _measured(stats: FeatureStats) -> str:
    mean, std = (", ".join(f"{value:.4g}" for value in values.reshape(-1)) for values in (stats.mean, stats.std))
    return f"mean [{mean}], std [{std}]"


def _crop(side: int, share: float) -> int:
    """That share of a side, rounded to an even number."""
    return max(2, 2 * round(side * share / 2))


def _nested(values: tuple[float, ...]) -> str:
    return "[" + ", ".join(f"[[{value}]]" for value in values) + "]"
