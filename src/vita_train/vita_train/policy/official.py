"""Checkpoints that the published VITA code wrote: settings from its training log, statistics from the weights file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from vita_dataset.errors import DataError, UsageError
from vita_dataset.spec import CameraSpec, DatasetSpec, SourceSpec, VectorSpec
from vita_dataset.stats import FeatureStats, Stats
from vita_train.policy.config import VitaConfig
from vita_train.policy.config_checks import SIMPLE_NETS
from vita_train.policy.normalizer import buffer_name
from vita_train.policy.official_yaml import SettingsFile

_SERVING = {
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
    "flow_matcher.num_sampling_steps": "policy.flow_matcher.num_sampling_steps",
    "flow_net.hidden_dim": "policy.flow_net.hidden_dim",
    "flow_net.num_layers": "policy.flow_net.num_layers",
    "flow_net.mlp_ratio": "policy.flow_net.mlp_ratio",
    "action_ae.enc_hidden_dim": "policy.action_ae.net.enc_hidden_dim",
    "action_ae.dec_hidden_dim": "policy.action_ae.net.dec_hidden_dim",
    "action_ae.num_layers": "policy.action_ae.net.num_layers",
}
"""Our setting -> the published one: what decides the network and how it is used."""

_VARIANTS = {
    "flow_net.name": "policy.flow_net.name",
    "action_ae.encoder_type": "policy.action_ae.net.encoder_type",
    "action_ae.decoder_type": "policy.action_ae.net.decoder_type",
    "action_ae.num_heads": "policy.action_ae.net.num_heads",
    "action_ae.mlp_ratio": "policy.action_ae.net.mlp_ratio",
    "action_ae.use_variational": "policy.action_ae.use_variational",
}
"""The same for what older states of the published code do not have: then it is the default, theirs and ours."""

_TRAINING = {
    "decode_flow_latents": "policy.vita.decode_flow_latents",
    "consistency_weight": "policy.vita.consistency_weight",
    "enc_contrastive_weight": "policy.vita.enc_contrastive_weight",
    "flow_contrastive_weight": "policy.vita.flow_contrastive_weight",
    "flow_matcher.name": "policy.flow_matcher.name",
    "flow_matcher.sigma": "policy.flow_matcher.sigma",
    "flow_matcher.flow_ratio": "policy.flow_matcher.flow_ratio",
    "flow_matcher.adaptive_loss_gamma": "policy.flow_matcher.adaptive_loss_gamma",
    "flow_matcher.aux_v_loss_weight": "policy.flow_matcher.aux_v_loss_weight",
    "flow_matcher.norm_eps": "policy.flow_matcher.norm_eps",
    "flow_matcher.norm_p": "policy.flow_matcher.norm_p",
    "flow_matcher.dispersive_weight": "policy.flow_matcher.dispersive_weight",
    "flow_matcher.dispersive_tau": "policy.flow_matcher.dispersive_tau",
    "flow_net.dropout": "policy.flow_net.dropout",
    "action_ae.dropout": "policy.action_ae.net.dropout",
    "action_ae.kl_weight": "policy.action_ae.kl_weight",
    "action_ae.enc_recon_weight": "policy.action_ae.enc_recon_weight",
    "action_ae.flow_recon_weight": "policy.action_ae.flow_recon_weight",
    "action_ae.recon_loss_type": "policy.action_ae.recon_loss_type",
    "action_ae.freeze_encoder": "policy.action_ae.freeze_encoder",
    "action_ae.freeze_decoder": "policy.action_ae.freeze_decoder",
}
"""The same for what only training uses. Not every state of the published code has all of them, and null is none."""


def read_official_settings(folder: Path, config_yaml: Path | None = None) -> tuple[VitaConfig, DatasetSpec]:
    """Read the settings that belong to a checkpoint folder without its own.

    They are in ``config_yaml``, or where ``SettingsFile.beside`` finds them. The dataset's camera sizes are not
    recorded: the sizes that the network resizes to stand for them. The names of the vectors' elements are not recorded
    either.

    Raises:
        DataError: no such file, not YAML, or settings that are missing, null, unresolved or of a variant that is not
            supported (all of them are listed).
    """
    file = SettingsFile.beside(folder) if config_yaml is None else SettingsFile.read(config_yaml)
    problems: list[str] = []
    # Where the published code does or assumes otherwise than we do: padded steps count in its losses.
    tree: dict[str, Any] = {"mask_padding": False, "flow_matcher": {"name": "exact"}}
    for ours, theirs in _SERVING.items():
        _put(tree, ours, file.value(theirs, problems))
    for ours, theirs in _VARIANTS.items():
        if file.has(theirs):
            _put(tree, ours, file.value(theirs, problems))
    for ours, theirs in _TRAINING.items():
        value = file.value(theirs, [])
        if value is not None:
            _put(tree, ours, value)
    _drop_unused(tree)
    name = file.value("policy.name", problems)
    if name not in (None, "vita"):
        problems.append(f"policy.name is {name!r}, but only 'vita' is supported")
    repo_id = file.value("task.dataset_repo_id", problems)
    fps = file.value("task.fps", problems)
    if fps is not None and not (isinstance(fps, (int, float)) and math.isfinite(fps) and fps > 0):
        problems.append(f"task.fps must be above 0, but is {fps!r}")
    if problems:
        raise DataError(
            f"the training settings '{file.path}' cannot be used: {'; '.join(problems)}; "
            "give the settings of the run that wrote the checkpoint, or its config.json if this workspace wrote it"
        )
    try:
        config = VitaConfig.from_dict(tree)
    except UsageError as error:
        raise DataError(f"the training settings '{file.path}' cannot be used: {error}") from error
    return config, _spec(config, str(repo_id), float(fps))


def check_same_settings(config_yaml: Path, folder: Path, config: VitaConfig) -> None:
    """Refuse a file of settings that says otherwise than the checkpoint that brings its own along.

    Settings that the file leaves out, leaves open (null) or takes from elsewhere are not compared, nor are those that
    only training uses.

    Raises:
        DataError: no such file, not YAML, or settings that differ (all of them are listed).
    """
    file = SettingsFile.read(config_yaml)
    own = config.to_dict()
    differences = []
    for ours, theirs in (_SERVING | _VARIANTS).items():
        value, expected = file.value(theirs, []), _get(own, ours)
        expected = list(expected) if isinstance(expected, tuple) else expected
        # One network with two names.
        same = value == expected or (value in SIMPLE_NETS and expected in SIMPLE_NETS)
        if value is not None and not same:
            differences.append(f"{theirs} is {value!r}, in the checkpoint {expected!r}")
    if differences:
        raise DataError(
            f"the training settings '{config_yaml}' are not those of '{folder}': {'; '.join(differences)}; "
            "leave config_yaml out, the checkpoint's config.json is enough"
        )


def _drop_unused(tree: dict[str, Any]) -> None:
    """Leave out weights of losses that the run did not have; among our own settings they are refused."""
    autoencoder = tree.get("action_ae", {})
    if not autoencoder.get("use_variational"):
        autoencoder.pop("kl_weight", None)
    if not tree.get("decode_flow_latents", True):
        tree.pop("flow_contrastive_weight", None)


def _put(tree: dict[str, Any], name: str, value: Any) -> None:
    group, _, last = name.rpartition(".")
    (tree.setdefault(group, {}) if group else tree)[last] = value


def _get(tree: Mapping[str, Any], name: str) -> Any:
    group, _, last = name.rpartition(".")
    return (tree[group] if group else tree)[last]


def stats_of_tensors(config: VitaConfig, tensors: Mapping[str, Tensor]) -> Stats:
    """The statistics inside a weights file, all tensors of which are there; minimum, maximum and count are unknown."""
    stats: Stats = {}
    for key in (*config.image_keys, config.state_key, config.action_key):
        module = "unnormalize_outputs" if key == config.action_key else "normalize_inputs"
        mean, std = (tensors[f"{module}.{buffer_name(key)}.{name}"].double().numpy() for name in ("mean", "std"))
        stats[key] = FeatureStats(mean, std, np.full_like(mean, -np.inf), np.full_like(mean, np.inf), 0)
    return stats


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
