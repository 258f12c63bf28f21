"""Checkpoint folders: what a trained policy is on disk, and every way in which one can be wrong.

A folder holds ``model.safetensors`` (weights and normalisation) and ``config.json`` (settings, dataset description,
statistics, step). It serves alone on another machine. What a trainer needs to resume is put beside them by the trainer.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor

from vita_dataset.errors import DataError, VitaError
from vita_dataset.spec import DatasetSpec
from vita_dataset.stats import FeatureStats, Stats, stats_from_dict, stats_to_dict
from vita_train.policy.config import VitaConfig
from vita_train.policy.official import check_same_settings, read_official_settings, stats_of_tensors
from vita_train.policy.vita import VitaPolicy
from vita_train.policy.weights import WEIGHTS_FILE, check_weights, read_weights

FORMAT_VERSION = 1
CONFIG_FILE = "config.json"
STEP_FOLDER = re.compile(r"step_(\d+)$")


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A checkpoint in memory, its tensors checked against its settings.

    Attributes:
        path: the folder.
        config: settings of the policy.
        spec: the dataset that it was trained on; without element names when the published code wrote it.
        stats: statistics of that dataset; bounds are infinite and counts 0 when the published code wrote it.
        tensors: the policy's state_dict, float32 on the CPU.
        step: optimizer steps done.
        git_revision: of the code that trained it.
        start_pose: of the states in which its training episodes begin, in the order of the state; None in checkpoints
            that do not say so.
    """

    path: Path
    config: VitaConfig
    spec: DatasetSpec
    stats: Stats
    tensors: dict[str, Tensor]
    step: int
    git_revision: str
    start_pose: FeatureStats | None = None

    def build_policy(self) -> VitaPolicy:
        """A policy with these weights, on the CPU, in training mode."""
        with torch.device("meta"):
            policy = VitaPolicy(self.config)
        policy.load_state_dict(self.tensors, assign=True)
        return policy


def step_name(step: int) -> str:
    """The folder name of a checkpoint, ordered by step."""
    return f"step_{step:010d}"


def save_checkpoint(
    folder: str | Path,
    policy: VitaPolicy,
    spec: DatasetSpec,
    stats: Mapping[str, FeatureStats],
    *,
    step: int,
    git_revision: str = "unknown",
    start_pose: FeatureStats | None = None,
    weights: Mapping[str, Tensor] | None = None,
    write_more: Callable[[Path], None] | None = None,
) -> Path:
    """Write a checkpoint; it appears under its name only when whole.

    Args:
        folder: the checkpoint's folder, normally ``checkpoints/step_<10 digits>``; must not exist.
        policy: the policy.
        spec: the dataset that it was trained on.
        stats: the statistics it was built with.
        step: optimizer steps done.
        git_revision: of this code.
        start_pose: statistics of the states in which the training episodes begin, None when they are unknown.
        weights: tensors to serve instead of the policy's own, by state_dict name (averaged weights).
        write_more: called with the unfinished folder to put further files into it.

    Returns:
        The folder.

    Raises:
        DataError: the folder exists.
    """
    folder = Path(folder)
    if folder.exists():
        raise DataError(f"the checkpoint '{folder}' exists already; remove it or use another session")
    # Contiguous copies: the file format refuses tensors that share memory.
    tensors = {**policy.state_dict(), **(weights or {})}
    tensors = {name: tensor.detach().to("cpu", torch.float32).clone().contiguous() for name, tensor in tensors.items()}
    document = {
        "format_version": FORMAT_VERSION,
        "step": step,
        "git_revision": git_revision,
        "policy": policy.config.to_dict(),
        "dataset": spec.to_dict(),
        "stats": stats_to_dict(stats),
    }
    if start_pose is not None:
        document["start_pose"] = start_pose.to_dict()
    partial = folder.parent / f".{folder.name}.partial"
    if partial.exists():
        shutil.rmtree(partial)
    partial.mkdir(parents=True)
    try:
        # Not save_file: it makes a file that only its owner may read, and another user could not serve it.
        (partial / WEIGHTS_FILE).write_bytes(save(tensors, metadata={"format": "pt"}))
        (partial / CONFIG_FILE).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        if write_more is not None:
            write_more(partial)
        for file in partial.iterdir():
            _flush(file)
        _flush(partial)
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    _flush(folder.parent)
    return folder


def load_checkpoint(path: str | Path, config_yaml: str | Path | None = None) -> Checkpoint:
    """Read a checkpoint, ours or one that the published code wrote, and check every tensor.

    Args:
        path: what ``latest_checkpoint`` accepts.
        config_yaml: the ``train_config_*.yaml`` of the run, for a checkpoint of the published code whose logs lie
            elsewhere. One of ours brings its settings along; then the file is only compared with them.

    Raises:
        DataError: nothing there, an unreadable file, an unknown format version, settings that make no sense, or
            tensors that are missing, unexpected, of another shape or type, or not finite (all of them are listed).
    """
    folder = latest_checkpoint(path)
    settings_file = None if config_yaml is None else Path(config_yaml).expanduser()
    tensors = read_weights(folder)
    document = _read_document(folder / CONFIG_FILE)
    if document is None or "format_version" not in document:
        config, spec = read_official_settings(folder, settings_file)
        check_weights(folder, config, tensors)
        step = STEP_FOLDER.search(folder.resolve().name)
        stats = stats_of_tensors(config, tensors)
        return Checkpoint(folder, config, spec, stats, tensors, int(step.group(1)) if step else 0, "unknown")
    if document["format_version"] != FORMAT_VERSION:
        raise DataError(
            f"the checkpoint '{folder}' has format version {document['format_version']!r}, but this code reads "
            f"version {FORMAT_VERSION}; use the version of this workspace that trained it or train again"
        )
    try:
        config = VitaConfig.from_dict(document["policy"])
        spec = DatasetSpec.from_dict(document["dataset"])
        stats = stats_from_dict(document["stats"])
        start_pose = FeatureStats.from_dict(document["start_pose"]) if "start_pose" in document else None
        step_done, revision = int(document["step"]), str(document["git_revision"])
    except (KeyError, TypeError, ValueError, AttributeError, VitaError) as error:
        raise DataError(
            f"'{folder / CONFIG_FILE}' does not describe a policy ({error}); copy the checkpoint folder again"
        ) from error
    _check_agreement(folder, config, spec)
    _check_start_pose(folder, config, start_pose)
    if settings_file is not None:
        check_same_settings(settings_file, folder, config)
    check_weights(folder, config, tensors)
    return Checkpoint(folder, config, spec, stats, tensors, step_done, revision, start_pose)


def latest_checkpoint(path: str | Path) -> Path:
    """The newest whole checkpoint below a session, its ``checkpoints`` folder, or the step folder itself.

    Raises:
        DataError: there is none, or the folder may not be read.
    """
    path = Path(path).expanduser()
    try:
        if (path / WEIGHTS_FILE).is_file():
            return path
        if not path.is_dir():
            raise DataError(f"the checkpoint '{path}' is not a folder; give a session, checkpoints or step_* folder")
        found = [
            (int(match.group(1)), folder)
            for parent in (path, path / "checkpoints")
            if parent.is_dir()
            for folder in parent.iterdir()
            if (match := STEP_FOLDER.match(folder.name)) and (folder / WEIGHTS_FILE).is_file()
        ]
    except OSError as error:
        raise DataError(
            f"the checkpoint '{path}' cannot be read ({error.strerror or error}); give read permission to it"
        ) from error
    if found:
        return max(found)[1]
    # Only now: a session may be called step_2 as well.
    if STEP_FOLDER.search(path.name):
        raise DataError(f"the checkpoint '{path}' has no {WEIGHTS_FILE}; copy the whole folder again")
    raise DataError(
        f"'{path}' holds no checkpoint, expected {WEIGHTS_FILE} or step_* folders; "
        "give a session, checkpoints or step_* folder"
    )


def _check_agreement(folder: Path, config: VitaConfig, spec: DatasetSpec) -> None:
    problems = [
        f"camera '{key}' is not in the dataset"
        for key in config.image_keys
        if key not in {camera.key for camera in spec.cameras}
    ]
    for what, key, dim, vector in (
        ("state", config.state_key, config.state_dim, spec.state),
        ("action", config.action_key, config.action_dim, spec.action),
    ):
        if (key, dim) != (vector.key, vector.dim):
            problems.append(
                f"the {what} is '{key}' with {dim} elements, in the dataset '{vector.key}' with {vector.dim}"
            )
    if problems:
        raise DataError(
            f"policy and dataset in '{folder / CONFIG_FILE}' disagree: {'; '.join(problems)}; "
            "copy the checkpoint folder again"
        )


def _check_start_pose(folder: Path, config: VitaConfig, start_pose: FeatureStats | None) -> None:
    """A range that is not one would let any pose pass, or none."""
    if start_pose is None:
        return
    low, high = start_pose.min, start_pose.max
    whole = low.shape == high.shape == (config.state_dim,)
    if not whole or not (np.isfinite(low) & np.isfinite(high) & (low <= high)).all():
        raise DataError(
            f"start_pose in '{folder / CONFIG_FILE}' must have a lowest and a highest value for each of the "
            f"{config.state_dim} elements of the state, but has {low.tolist()} and {high.tolist()}; "
            "copy the checkpoint folder again"
        )


def _read_document(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"'{path}' is not readable JSON ({error}); copy the checkpoint again") from error
    if not isinstance(document, dict):
        raise DataError(f"'{path}' must hold a JSON object, but holds {type(document).__name__}; copy it again")
    return document


def _flush(path: Path) -> None:
    """Bring a file or folder onto the disk before the rename, so that a power cut cannot leave a named half."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
