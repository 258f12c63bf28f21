"""The Euler steps for serving: everything that depends on time alone is computed once.

The times of the steps are known, and with them the time embedding and each block's gate, scale and shift. At one
sample, the rest is products of a matrix and a vector, as fast as the memory that holds the matrices.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from vita_train.policy.flow import FlowBlock, FlowNet, euler_times
from vita_train.policy.mean_flow_net import MeanFlowNet
from vita_train.policy.planned_mean_flow import PlannedMeanFlow
from vita_train.policy.vector_layers import VectorLayer, vector_layer


@dataclass(frozen=True, eq=False)
class PlannedBlock:
    """A ``FlowBlock`` with its time terms at every step: ``gate``, ``gain`` (1 + scale) and ``shift``, [steps, dim]."""

    fc1: VectorLayer
    fc2: VectorLayer
    gate: Tensor
    gain: Tensor
    shift: Tensor

    @classmethod
    def of(cls, block: FlowBlock, condition: Tensor, dtype: torch.dtype) -> PlannedBlock:
        """The block under time conditions [steps, dim]."""
        gate, scale, shift = (term.contiguous() for term in block.time_terms(condition))
        return cls(vector_layer(block.mlp.fc1, dtype), vector_layer(block.mlp.fc2, dtype), gate, 1 + scale, shift)

    def __call__(self, h: Tensor, step: int) -> Tensor:
        """[dim] to [dim] in Euler step ``step``."""
        # Scale and shift take the place of the norm's own weight and bias.
        y = F.layer_norm(h, h.shape, self.gain[step], self.shift[step], eps=1e-6)
        y = F.gelu(self.fc1(y), approximate="tanh")
        return torch.addcmul(h, self.gate[step], self.fc2(y))


class PlannedFlow:
    """``integrate`` over a velocity network, for one latent."""

    @torch.no_grad()
    def __init__(self, net: FlowNet, steps: int, dtype: torch.dtype = torch.float32) -> None:
        """Prepares the steps.

        Args:
            net: the velocity network, on the device that will serve; it stays as it is.
            steps: Euler steps.
            dtype: of the matrix products. Time terms, norms and sums are float32 always.
        """
        condition = net.time_embed(euler_times(steps, net.out_proj.bias.device))
        blocks = [block for block in net.layers if isinstance(block, FlowBlock)]
        self._steps = steps
        self._input_proj = vector_layer(net.input_proj, dtype)
        self._blocks = [PlannedBlock.of(block, condition, dtype) for block in blocks]
        self._norm = copy.deepcopy(net.norm).requires_grad_(False)
        self._out_proj = vector_layer(net.out_proj, dtype)

    def __call__(self, x: Tensor) -> Tensor:
        """Latent float32 [Z] at t = 0 to the latent [Z] at t = 1."""
        for step in range(self._steps):
            h = self._input_proj(x)
            for block in self._blocks:
                h = block(h, step)
            x = torch.add(x, self._out_proj(self._norm(h)), alpha=1 / self._steps)
        return x


def plan_flow(net: FlowNet | MeanFlowNet, steps: int, dtype: torch.dtype) -> PlannedFlow | PlannedMeanFlow:
    """The way of a policy's flow network, prepared for one latent at a time (see the classes)."""
    return PlannedMeanFlow(net, steps, dtype) if isinstance(net, MeanFlowNet) else PlannedFlow(net, steps, dtype)
