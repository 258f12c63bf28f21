"""The weights behind the golden arrays: each a function of its name and shape alone."""

from __future__ import annotations

import math
import zlib

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vita_dataset.stats import FeatureStats
from vita_train.policy.resnet import FrozenBatchNorm2d
from vita_train.policy.vita import VitaPolicy

Array = NDArray[np.float32]
ONE = np.float32(1)


def draw(name: str, shape: tuple[int, ...]) -> Array:
    """Standard normal float32 numbers that a name decides."""
    return np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape).astype(np.float32)


def golden_stats(key: str, shape: tuple[int, ...]) -> FeatureStats:
    mean = np.float32(0.1) * draw(f"stats.{key}.mean", shape)
    std = np.float32(0.5) + np.abs(np.float32(0.2) * draw(f"stats.{key}.std", shape))
    bound = np.zeros(shape)
    return FeatureStats(mean.astype(np.float64), std.astype(np.float64), bound, bound, 1)


def fill(policy: VitaPolicy) -> VitaPolicy:
    """Give every weight its golden value; the statistics are those that the policy was built with."""
    scales = {id(module.weight) for module in policy.modules() if isinstance(module, (nn.LayerNorm, FrozenBatchNorm2d))}
    with torch.no_grad():
        for name, tensor in policy.state_dict(keep_vars=True).items():
            if ".buffer_" not in name:
                tensor.copy_(torch.from_numpy(_value(name, tensor, id(tensor) in scales)))
    return policy


def _value(name: str, tensor: Tensor, is_scale: bool) -> Array:
    x = draw(name, tuple(tensor.shape))
    if name.endswith("running_mean"):
        return np.float32(0.02) * x
    if name.endswith("running_var"):
        return ONE + np.float32(0.1) * np.abs(x)
    if is_scale:
        return ONE + np.float32(0.02) * x
    if tensor.ndim >= 2:
        return x * np.float32(1 / math.sqrt(math.prod(tensor.shape[1:])))
    return x * np.float32(0.02)
