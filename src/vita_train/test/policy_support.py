"""A small policy, its dataset and observations, shared by the policy's tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vita_dataset.spec import CameraSpec, DatasetSpec, SourceSpec, VectorSpec
from vita_dataset.stats import FeatureStats, Stats
from vita_train.policy.checkpoint import save_checkpoint, step_name
from vita_train.policy.config import ActionAutoencoderConfig, FlowMatcherConfig, FlowNetConfig, VitaConfig
from vita_train.policy.observation import Observation
from vita_train.policy.vita import VitaPolicy

CAMERAS = ("observation.images.front", "observation.images.wrist")
STATE, ACTION = "observation.state", "action"
HEIGHT, WIDTH = 32, 40

# Small tensors gain nothing from threads, and waiting for each other costs them much on a busy machine.
torch.set_num_threads(1)


def tiny_config(**changes: Any) -> VitaConfig:
    config = VitaConfig(
        image_keys=CAMERAS,
        state_dim=3,
        action_dim=2,
        resize_shape=(HEIGHT, WIDTH),
        crop_shape=(28, 36),
        pred_horizon=8,
        action_horizon=4,
        latent_dim=32,
        flow_matcher=FlowMatcherConfig(num_sampling_steps=3),
        flow_net=FlowNetConfig(hidden_dim=32, num_layers=2, mlp_ratio=2.0),
        action_ae=ActionAutoencoderConfig(enc_hidden_dim=32, dec_hidden_dim=32, num_layers=2),
    )
    return replace(config, **changes)


def feature_stats(mean: list[float], std: list[float]) -> FeatureStats:
    m, s = np.array(mean), np.array(std)
    return FeatureStats(m, s, m - 3 * s, m + 3 * s, 100)


def tiny_stats() -> Stats:
    image = FeatureStats(*(np.full((3, 1, 1), value) for value in (0.5, 0.25, 0.0, 1.0)), 100)
    return {
        **dict.fromkeys(CAMERAS, image),
        STATE: feature_stats([0.1, -1.0, 2.0], [0.5, 0.2, 1.5]),
        ACTION: feature_stats([0.3, -0.4], [0.7, 0.1]),
    }


def tiny_spec() -> DatasetSpec:
    return DatasetSpec(
        repo_id="robot/task",
        fps=20.0,
        cameras=tuple(CameraSpec(key, HEIGHT, WIDTH) for key in CAMERAS),
        state=VectorSpec(STATE, 3, ("a", "b", "c")),
        action=VectorSpec(ACTION, 2, ("a", "b")),
        source=SourceSpec("somewhere", "v2.1", "0123"),
    )


def tiny_policy(seed: int = 0, **changes: Any) -> VitaPolicy:
    torch.manual_seed(seed)
    return VitaPolicy(tiny_config(**changes), tiny_stats())


def tiny_batch(size: int = 4, seed: int = 0, horizon: int = 1) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    images = {
        key: torch.randint(256, (size, horizon, HEIGHT, WIDTH, 3), dtype=torch.uint8, generator=generator)
        for key in CAMERAS
    }
    return {
        **images,
        STATE: torch.randn(size, horizon, 3, generator=generator) * torch.tensor([0.5, 0.2, 1.5]),
        ACTION: torch.tensor([0.3, -0.4]) + torch.randn(size, 8, 2, generator=generator) * torch.tensor([0.7, 0.1]),
        "action_is_pad": torch.zeros(size, 8, dtype=torch.bool),
    }


def tiny_observation(seed: int = 0, **changes: Any) -> Observation:
    batch = tiny_batch(1, seed)
    images = {key: batch[key][0, 0].numpy() for key in CAMERAS}
    return replace(Observation(1_000_000_007, images, batch[STATE][0, 0].numpy()), **changes)


def save_session(folder: Path, **changes: Any) -> Path:
    """A session with one tiny checkpoint."""
    policy = tiny_policy(**changes)
    save_checkpoint(folder / "checkpoints" / step_name(7), policy, tiny_spec(), tiny_stats(), step=7)
    return folder
