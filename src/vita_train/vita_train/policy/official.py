"""Checkpoints that the published VITA code wrote: settings from its training log, statistics from the weights file."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from torch import Tensor

from vita_dataset.errors import DataError, UsageError
from vita_dataset.spec import CameraSpec, DatasetSpec, SourceSpec, VectorSpec
from vita_dataset.stats import FeatureStats, Stats
from vita_train.policy.config import VitaConfig
from vita_train.policy.normalizer import buffer_name

_REFERENCE = re.compile(r"^\$\{(\.*)(\w+(?:\.\w+)*)\}$")
"""A reference to another value: dots that go up from where it stands, none for the top, and a name."""

_SETTINGS = {
    "image_keys": "task.image_keys",
    "state_key": "task.state_key",
    "action_key": "task.action_key",
    "state_dim": "task.state_dim",
    "action_dim": "task.action_dim",
    "resize_shape": "resize_shape",
    "crop_shape": "crop_shape",
    "obs_horizon": "policy.obs_horizon",
    "pred_horizon": "policy.pred_horizon",
    "action_horizon": "policy.action_horizon",
    "latent_dim": "policy.vita.latent_dim",
    "consistency_weight": "policy.vita.consistency_weight",
    "enc_contrastive_weight": "policy.vita.enc_contrastive_weight",
    "flow_contrastive_weight": "policy.vita.flow_contrastive_weight",
    "flow_matcher.name": "policy.flow_matcher.name",
    "flow_matcher.sigma": "policy.flow_matcher.sigma",
    "flow_matcher.num_sampling_steps": "policy.flow_matcher.num_sampling_steps",
    "flow_net.hidden_dim": "policy.flow_net.hidden_dim",
    "flow_net.num_layers": "policy.flow_net.num_layers",
    "flow_net.mlp_ratio": "policy.flow_net.mlp_ratio",
    "action_ae.enc_hidden_dim": "policy.action_ae.net.enc_hidden_dim",
    "action_ae.dec_hidden_dim": "policy.action_ae.net.dec_hidden_dim",
    "action_ae.num_layers": "policy.action_ae.net.num_layers",
    "action_ae.enc_recon_weight": "policy.action_ae.enc_recon_weight",
    "action_ae.flow_recon_weight": "policy.action_ae.flow_recon_weight",
}
"""Our setting -> the published one."""

_FIXED: dict[str, tuple[Any, ...]] = {
    "policy.name": ("vita",),
    "policy.flow_net.name": ("simple", "simple_flow_net"),
    "policy.action_ae.use_variational": (False,),
    "policy.action_ae.net.encoder_type": ("cnn",),
    "policy.action_ae.net.decoder_type": ("simple",),
}
"""Choices of the published code of which this one has a single variant."""


def read_official_settings(folder: Path) -> tuple[VitaConfig, DatasetSpec]:
    """Read the settings that belong to a checkpoint folder without its own.

    They are in the newest ``train_config_*.yaml`` of the session's ``logs``, beside the ``checkpoints`` folder; next to
    the checkpoint folder; or in it. The dataset's camera sizes are not recorded: the sizes that the network resizes to
    stand for them. The names of the vectors' elements are not recorded either.

    Raises:
        DataError: no such file, not YAML, or settings that are missing, null, unresolved or of a variant that is not
            supported (all of them are listed).
    """
    path = _find(folder)
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise DataError(f"'{path}' is not readable YAML ({error}); copy it from the training machine again") from error
    problems: list[str] = []
    tree: dict[str, Any] = {}
    for ours, theirs in _SETTINGS.items():
        value = _lookup(document, theirs, problems)
        group, _, name = ours.rpartition(".")
        (tree.setdefault(group, {}) if group else tree)[name] = value
    for theirs, supported in _FIXED.items():
        value = _lookup(document, theirs, problems)
        if value is not None and value not in supported:
            problems.append(f"{theirs} is {value!r}, but only {supported[0]!r} is supported")
    repo_id = _lookup(document, "task.dataset_repo_id", problems)
    fps = _lookup(document, "task.fps", problems)
    if fps is not None and not (isinstance(fps, (int, float)) and math.isfinite(fps) and fps > 0):
        problems.append(f"task.fps must be above 0, but is {fps!r}")
    if problems:
        raise DataError(
            f"the training settings '{path}' cannot be used: {'; '.join(problems)}; "
            "give the settings of the run that wrote the checkpoint, or its config.json if this workspace wrote it"
        )
    try:
        # Official training counts padded steps like any other.
        config = VitaConfig.from_dict({**tree, "mask_padding": False})
    except UsageError as error:
        raise DataError(f"the training settings '{path}' cannot be used: {error}") from error
    return config, _spec(config, str(repo_id), float(fps))


def stats_of_tensors(config: VitaConfig, tensors: Mapping[str, Tensor]) -> Stats:
    """The statistics inside a weights file, all tensors of which are there; minimum, maximum and count are unknown."""
    stats: Stats = {}
    for key in (*config.image_keys, config.state_key, config.action_key):
        module = "unnormalize_outputs" if key == config.action_key else "normalize_inputs"
        mean, std = (tensors[f"{module}.{buffer_name(key)}.{name}"].double().numpy() for name in ("mean", "std"))
        stats[key] = FeatureStats(mean, std, np.full_like(mean, -np.inf), np.full_like(mean, np.inf), 0)
    return stats


def _find(folder: Path) -> Path:
    whole = folder.resolve()
    for logs in (whole.parent.parent / "logs", whole.parent / "logs", whole):
        # The name carries the time, so the last one is the newest.
        found = sorted(logs.glob("train_config_*.yaml"))
        if found:
            return found[-1]
    raise DataError(
        f"the checkpoint '{folder}' has no config.json with the policy's settings and no train_config_*.yaml in the "
        "session's logs; copy the file from the training machine into the checkpoint folder"
    )


def _lookup(document: Any, name: str, problems: list[str], seen: tuple[str, ...] = ()) -> Any:
    """The value at a dotted name; a reference to another value, ``${a.b}`` or ``${..b}``, is followed.

    Returns:
        Never null but where a problem was noted.
    """
    value = document
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            problems.append(f"{name} is missing")
            return None
        value = value[part]
    if isinstance(value, str) and "${" in value:
        target = _target(name, value)
        if target is None or target in (*seen, name):
            problems.append(f"{name} is the unresolved '{value}'; write its value into the file")
            return None
        return _lookup(document, target, problems, (*seen, name))
    if value is None:
        problems.append(f"{name} is null")
    return value


def _target(name: str, text: str) -> str | None:
    """The name of the value that a reference at ``name`` means, None where it means nothing that can be looked up."""
    match = _REFERENCE.match(text)
    if match is None:
        return None
    dots, path = len(match.group(1)), match.group(2)
    parts = name.split(".")
    if dots > len(parts):
        return None
    # One dot is the group in which the reference stands, each further one the group around it.
    return ".".join([*parts[:-dots], path]) if dots else path


def _spec(config: VitaConfig, repo_id: str, fps: float) -> DatasetSpec:
    height, width = config.resize_shape
    return DatasetSpec(
        repo_id=repo_id,
        fps=fps,
        cameras=tuple(CameraSpec(key, height, width) for key in config.image_keys),
        state=VectorSpec(config.state_key, config.state_dim),
        action=VectorSpec(config.action_key, config.action_dim),
        source=SourceSpec(path=repo_id, codebase_version="unknown", fingerprint="unknown"),
        resize=config.resize_shape,
    )
