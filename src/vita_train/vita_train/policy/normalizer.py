"""Scaling between the robot's units and the network's: mean 0, standard deviation 1.

The statistics are buffers, so they travel inside ``model.safetensors`` with the weights they were trained with, under
the names of the published code: ``<module>.buffer_<key with dots turned to underscores>.{mean,std}``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vita_dataset.errors import UsageError
from vita_dataset.stats import FeatureStats, Stats

EPSILON = 1e-8
"""Added to the standard deviation when dividing; not part of the inverse (VITA's arithmetic)."""

CONSTANT_STD = 1e-6
"""A dimension whose recorded standard deviation [its own unit] is below this never moved in the demonstrations."""


class FeatureScale(nn.Module):
    """Mean and standard deviation of one feature as buffers.

    A dimension that never moved would be divided by almost nothing, and the smallest deviation on the robot would
    drown every other input. So it is divided by ``constant_std`` instead: 1 on the way in; 0 on the way out, where a
    joint that never moved is then commanded exactly where it always was.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, shape: tuple[int, ...], stats: FeatureStats | None, constant_std: float) -> None:
        """Takes ``stats`` of that shape; None leaves the feature as it is until a checkpoint is loaded."""
        super().__init__()
        mean = np.zeros(shape) if stats is None else stats.mean.reshape(shape)
        std = np.ones(shape) if stats is None else stats.std.reshape(shape)
        std = np.where(std < CONSTANT_STD, constant_std, std)
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32))
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32))

    @property
    def divisor(self) -> Tensor:
        """What ``normalize`` divides by."""
        return self.std + EPSILON

    def normalize(self, x: Tensor) -> Tensor:
        """Robot units to network units; [..., *shape] or broadcastable."""
        return (x - self.mean) / self.divisor

    def unnormalize(self, x: Tensor) -> Tensor:
        """Network units to robot units; [..., *shape] or broadcastable."""
        return x * self.std + self.mean


class FeatureScales(nn.Module):
    """One ``FeatureScale`` for each key, found by ``scales[key]``."""

    def __init__(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        stats: Mapping[str, FeatureStats] | None,
        constant_std: float = 1.0,
    ) -> None:
        """Builds the scales.

        Args:
            shapes: shape of each feature's mean and std.
            stats: statistics by key; None for a policy whose tensors come from a checkpoint.
            constant_std: see ``FeatureScale``.

        Raises:
            UsageError: a key has no statistics, or statistics of another size.
        """
        super().__init__()
        for key, shape in shapes.items():
            own = None if stats is None else _own_stats(key, shape, stats)
            self.add_module(buffer_name(key), FeatureScale(shape, own, constant_std))

    def __getitem__(self, key: str) -> FeatureScale:
        scale = self.get_submodule(buffer_name(key))
        assert isinstance(scale, FeatureScale)
        return scale


def buffer_name(key: str) -> str:
    """The published code's name of a feature's statistics."""
    return "buffer_" + key.replace(".", "_")


def override_stats(stats: Mapping[str, FeatureStats], overrides: Mapping[str, Mapping[str, Any]] | None) -> Stats:
    """Replace mean and std of some features, normally those of the cameras with ImageNet's.

    Args:
        stats: statistics of the dataset.
        overrides: key -> {"mean": ..., "std": ...}, numbers or nested lists with as many elements as the feature.

    Returns:
        New statistics; minimum, maximum, quantiles and count stay those of the dataset.

    Raises:
        UsageError: an unknown feature, or a mean or std that is missing, not numeric or of another size.
    """
    result = dict(stats)
    for key, entry in (overrides or {}).items():
        if key not in stats:
            raise UsageError(f"override_stats names '{key}', but the dataset has {sorted(stats)}; correct the key")
        old = stats[key]
        mean, std = (_override(key, name, entry, old.mean.shape) for name in ("mean", "std"))
        result[key] = replace(old, mean=mean, std=std)
    return result


def _override(key: str, name: str, entry: Mapping[str, Any], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    try:
        values = np.asarray(entry[name], dtype=np.float64).reshape(shape)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"override_stats.{key}.{name} must hold {int(np.prod(shape))} numbers, but does not ({error}); correct it"
        ) from error
    if not np.isfinite(values).all() or (name == "std" and (values < 0).any()):
        raise UsageError(f"override_stats.{key}.{name} must be finite and std not negative, but is {entry[name]}")
    return values


def _own_stats(key: str, shape: Sequence[int], stats: Mapping[str, FeatureStats]) -> FeatureStats:
    if key not in stats:
        raise UsageError(f"feature '{key}' has no statistics, which cover {sorted(stats)}; correct the key")
    size = int(np.prod(shape))
    if stats[key].mean.size != size or stats[key].std.size != size:
        raise UsageError(
            f"feature '{key}' needs statistics of {size} elements, but they have {stats[key].mean.size}; "
            "correct the dimension in the task file or convert the dataset again"
        )
    return stats[key]
