"""Linear layers for one vector at a time, as serving has it: as fast as the memory that holds the matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vita_train.policy.packed_layers import PackedLinear, can_pack

VectorLayer = Callable[[Tensor], Tensor]
"""A linear layer for one vector: float32 [in] to float32 [out]."""


@dataclass(frozen=True, eq=False)
class Affine:
    """A linear layer for one vector, where it cannot be packed: ``weight`` [out, in] and ``bias`` [out]."""

    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """Float32 [in] to float32 [out]; the product in the weights' precision."""
        return torch.addmv(self.bias, self.weight, x.to(self.weight.dtype)).float()


def vector_layer(layer: nn.Linear, dtype: torch.dtype) -> VectorLayer:
    """A copy of a linear layer for one vector, computed in ``dtype``."""
    if can_pack(layer.weight.device, dtype):
        return PackedLinear(layer)
    return Affine(layer.weight.detach().to(dtype, copy=True), layer.bias.detach().to(dtype, copy=True))
