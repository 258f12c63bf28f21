"""The intervals of a mean flow for serving: what depends on time alone is computed once, and one head is left out."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vita_train.policy.mean_flow_net import MeanFlowNet, mean_flow_times
from vita_train.policy.vector_layers import vector_layer


class PlannedMeanFlow:
    """``integrate_mean`` over a network of mean velocities, for one latent."""

    @torch.no_grad()
    def __init__(self, net: MeanFlowNet, steps: int, dtype: torch.dtype = torch.float32) -> None:
        """Prepares the intervals.

        Args:
            net: the network, on the device that will serve; it stays as it is.
            steps: intervals.
            dtype: of the matrix products. Time conditions and sums are float32 always.
        """
        self._steps = steps
        self._conditions = net.condition(*mean_flow_times(steps, net.u_head.bias.device))
        self._input_proj = vector_layer(net.input_proj, dtype)
        self._layers = []
        for layer in net.layers:
            first, last = (part for part in layer.modules() if isinstance(part, nn.Linear))
            self._layers.append((vector_layer(first, dtype), vector_layer(last, dtype)))
        self._u_head = vector_layer(net.u_head, dtype)

    def __call__(self, x: Tensor) -> Tensor:
        """Latent float32 [Z] at t = 1 to the latent [Z] at t = 0."""
        for step in range(self._steps):
            hidden = self._input_proj(x)
            for first, last in self._layers:
                hidden = hidden + last(F.silu(first(hidden + self._conditions[step])))
            x = torch.sub(x, self._u_head(hidden), alpha=1 / self._steps)
        return x
