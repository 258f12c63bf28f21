"""Policies whose every part matters, for comparing the way of serving with the way of training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from policy_support import tiny_policy
from torch import Tensor, nn

from vita_train.policy.resnet import FrozenBatchNorm2d
from vita_train.policy.vita import VitaPolicy

LIMIT = 5e-6
"""Largest difference, relative to the largest value: a few roundings of float32."""


def randomized(module: nn.Module, seed: int = 0) -> nn.Module:
    """Random time modulators, biases and normalisation, which are 0 or 1 before training and would hide a mistake."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in module.named_parameters():
            if "time_modulator" in name or name.endswith("bias"):
                weight.normal_(0.0, 0.1, generator=generator)
        for norm in module.modules():
            if isinstance(norm, FrozenBatchNorm2d):
                norm.weight.uniform_(0.5, 1.5, generator=generator)
                norm.running_var.uniform_(0.5, 1.5, generator=generator)
                norm.bias.normal_(0.0, 0.1, generator=generator)
                norm.running_mean.normal_(0.0, 0.1, generator=generator)
    return module


def random_policy(seed: int = 0, **changes: Any) -> VitaPolicy:
    """A tiny policy with random weights and statistics, in evaluation mode."""
    policy = tiny_policy(seed, **changes)
    randomized(policy, seed)
    generator = torch.Generator().manual_seed(seed + 1)
    for scales in (policy.normalize_inputs, policy.unnormalize_outputs):
        for name, buffer in scales.named_buffers():
            buffer.uniform_(0.1, 0.9, generator=generator) if name.endswith("std") else buffer.normal_(
                0.0, 0.5, generator=generator
            )
    return policy.eval()


def random_observation(
    sizes: Mapping[str, tuple[int, int]], seed: int = 0, horizon: int = 1
) -> tuple[dict[str, Tensor], Tensor]:
    """Images [1, O, H, W, 3] of these sizes and states [1, O, 3]."""
    generator = torch.Generator().manual_seed(seed)
    images = {
        key: torch.randint(256, (1, horizon, *size, 3), dtype=torch.uint8, generator=generator)
        for key, size in sizes.items()
    }
    return images, torch.randn(1, horizon, 3, generator=generator)


def relative(ours: Tensor, expected: Tensor) -> float:
    """The largest difference, relative to the largest expected value."""
    assert ours.shape == expected.shape
    assert ours.dtype == expected.dtype
    return float((ours - expected).abs().max() / expected.abs().max())
