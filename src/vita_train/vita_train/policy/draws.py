"""Random numbers of a training step."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class Draws:
    """Draws from one generator for tensors on any device, so that a seed means the same wherever the network lies."""

    def __init__(self, generator: torch.Generator | None, device: torch.device) -> None:
        """Draws nothing yet.

        Args:
            generator: where numbers come from; None: torch's own of ``device``.
            device: where the tensors are wanted.
        """
        self._generator = generator
        self._source = device if generator is None else generator.device
        self._device = device

    def uniform(self, size: int) -> Tensor:
        """Float32 [size], uniform in [0, 1)."""
        return torch.rand(size, generator=self._generator, device=self._source).to(self._device)

    def normal(self, shape: Sequence[int]) -> Tensor:
        """Float32 of a shape, standard normal."""
        return torch.randn(tuple(shape), generator=self._generator, device=self._source).to(self._device)

    def integers(self, below: int, size: int) -> Tensor:
        """Int64 [size], each from 0 to ``below`` - 1."""
        return torch.randint(below, (size,), generator=self._generator, device=self._source).to(self._device)

    def permutation(self, size: int) -> Tensor:
        """Int64 [size]: 0 to size - 1, shuffled."""
        return torch.randperm(size, generator=self._generator, device=self._source).to(self._device)
