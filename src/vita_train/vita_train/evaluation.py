"""Judges a finished checkpoint on recorded episodes."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vita_dataset.errors import DataError, UsageError
from vita_dataset.progress import Progress, no_progress
from vita_dataset.selection import parse_episodes
from vita_dataset.spec import DatasetSpec, VectorSpec
from vita_dataset.zarr_store import ConvertedDataset, open_dataset
from vita_train.frame_rate import FPS_TOLERANCE
from vita_train.policy.checkpoint import Checkpoint
from vita_train.resume import HELD_OUT, seen_episodes
from vita_train.training_state import read_training_state
from vita_train.validation import Validator
from vita_train.validation_errors import Validation
from vita_train.validation_examples import Example

log = logging.getLogger(__name__)

UNKNOWN = "unknown"
"""The fingerprint in checkpoints of the published code, which do not say what they were trained on."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What came out, and of what.

    Attributes:
        validation: the errors.
        examples: episodes to plot.
        fps: steps per second of the dataset [Hz].
        about: checkpoint, step, dataset, and which of the episodes training saw (None: the checkpoint does not say).
    """

    validation: Validation
    examples: tuple[Example, ...]
    fps: float
    about: dict[str, Any]


def evaluate(
    checkpoint: Checkpoint,
    dataset: ConvertedDataset,
    episodes: str | None,
    device: str,
    batch_size: int,
    plots: int,
    on_progress: Progress = no_progress,
) -> Evaluation:
    """Predict from every observation of some episodes and compare with what was recorded.

    Args:
        checkpoint: its weights are used as they are served.
        dataset: the one it was trained on, or another of the same robot.
        episodes: numbers and ranges such as "0:5,9"; None = those held out of its training, or all of another dataset.
        device: "cpu" or "cuda:<n>".
        batch_size: windows computed at once.
        plots: how many of the episodes to plot.
        on_progress: called with (predictions done, predictions in all).

    Raises:
        DataError: the dataset does not fit the checkpoint.
        UsageError: episodes that do not exist, or none given and the checkpoint does not say which were held out.
    """
    refuse_misfit(checkpoint, dataset)
    is_new = checkpoint.spec.source.fingerprint not in (dataset.spec.source.fingerprint, UNKNOWN)
    run = None if is_new else _run_settings(checkpoint.path)
    chosen = _chosen(checkpoint, dataset, episodes, is_new, run)
    trained_on: list[int] | None = [] if is_new else None
    if run is not None:
        seen = seen_episodes(run, dataset.episode_count)
        trained_on = [episode for episode in chosen if episode in seen]
    if trained_on:
        log.warning("the policy was trained on the episodes %s, so their errors say little about new ones", trained_on)
    policy = checkpoint.build_policy().to(device)
    found = Validator(dataset, checkpoint.config, chosen, batch_size, plots).run(policy, on_progress=on_progress)
    assert found is not None
    about = {
        "checkpoint": str(checkpoint.path),
        "step": checkpoint.step,
        "dataset": str(dataset.folder),
        "trained_on": trained_on,
    }
    return Evaluation(*found, dataset.spec.fps, about)


def open_dataset_of(checkpoint: Checkpoint, place: str | None) -> ConvertedDataset:
    """Open a dataset; without a place the one that a checkpoint was trained on, where its training would have found it.

    Raises:
        DataError: it cannot be read.
        UsageError: it is not named and FLARE_DATASETS_DIR is not set.
    """
    if place is None:
        datasets = os.environ.get("FLARE_DATASETS_DIR")
        if not datasets:
            raise UsageError(
                f"the dataset '{checkpoint.spec.repo_id}' is looked up in FLARE_DATASETS_DIR, which is not set; export "
                "it, or give --dataset"
            )
        place = f"{datasets.rstrip('/')}/{checkpoint.spec.repo_id}"
    return open_dataset(place)


def refuse_misfit(checkpoint: Checkpoint, dataset: ConvertedDataset) -> None:
    """Refuse a dataset whose observations or actions are not those of the policy.

    Raises:
        DataError: lists every disagreement.
    """
    problems = list(_disagreements(checkpoint, dataset.spec))
    if problems:
        raise DataError(
            f"the dataset '{dataset.folder}' does not fit the checkpoint '{checkpoint.path}': {'; '.join(problems)}; "
            "give the dataset that it was trained on, or one of the same robot converted the same way"
        )


def _disagreements(checkpoint: Checkpoint, spec: DatasetSpec) -> Iterable[str]:
    have = {camera.key: camera for camera in spec.cameras}
    for key in checkpoint.config.image_keys:
        wanted = checkpoint.spec.camera(key)
        if key not in have:
            yield f"it lacks camera '{key}', its cameras are {', '.join(have) or 'none'}"
        elif (have[key].height, have[key].width) != (wanted.height, wanted.width):
            yield f"camera '{key}' has {have[key].height}x{have[key].width} pixels, not {wanted.height}x{wanted.width}"
    yield from _vector("state", checkpoint.spec.state, spec.state)
    yield from _vector("action", checkpoint.spec.action, spec.action)
    if abs(spec.fps - checkpoint.spec.fps) > FPS_TOLERANCE:
        yield f"it has {spec.fps:g} steps per second, not {checkpoint.spec.fps:g}"


def _vector(role: str, wanted: VectorSpec, have: VectorSpec) -> Iterable[str]:
    if (have.key, have.dim) != (wanted.key, wanted.dim):
        yield f"its {role} is '{have.key}' with {have.dim} elements, not '{wanted.key}' with {wanted.dim}"
    elif have.names is not None and wanted.names is not None and have.names != wanted.names:
        yield f"its {role} names {', '.join(have.names)}, not {', '.join(wanted.names)}"


def _run_settings(folder: Path) -> Mapping[str, Any] | None:
    """What the training of a checkpoint said of itself; None where that was deleted, is damaged or never was."""
    try:
        return read_training_state(folder).run
    except DataError:
        return None


def _chosen(
    checkpoint: Checkpoint,
    dataset: ConvertedDataset,
    episodes: str | None,
    is_new: bool,
    run: Mapping[str, Any] | None,
) -> Sequence[int]:
    if episodes is not None:
        return sorted(parse_episodes(episodes, dataset.episode_count))
    if is_new:
        return range(dataset.episode_count)
    held_out = list((run or {}).get(HELD_OUT, []))
    if not held_out:
        raise UsageError(
            f"the checkpoint '{checkpoint.path}' does not say which episodes of '{dataset.folder}' were held out of "
            "its training; name some with --episodes, such as --episodes 3,7 or --episodes : for all, or leave them "
            "out with --no-offline"
        )
    return held_out
