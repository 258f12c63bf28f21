"""The network of the mean flows: the mean velocity over an interval, and how it carries a latent.

Time runs from 1 (vision) down to 0 (action) here, as published for mean flows, where 1 is the source.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class MeanFlowOut(NamedTuple):
    """What the network says of latents [B, Z].

    Attributes:
        u: [B, Z], the mean velocity over the interval.
        v: [B, Z], the velocity at its late end t.
        features: [B, num_layers, hidden], the hidden state after each block.
    """

    u: Tensor
    v: Tensor
    features: Tensor


class MeanFlowNet(nn.Module):
    """Residual MLPs on the sum of hidden state and time condition, and two heads."""

    def __init__(
        self, latent_dim: int, hidden_dim: int, num_layers: int, mlp_ratio: float, dropout: float = 0.0
    ) -> None:
        super().__init__()
        inner = int(hidden_dim * mlp_ratio)
        self.t_embed = _embedding(hidden_dim)
        self.h_embed = _embedding(hidden_dim)
        self.input_proj = nn.Linear(latent_dim, hidden_dim)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Linear(hidden_dim, inner), nn.SiLU(), nn.Dropout(dropout), nn.Linear(inner, hidden_dim))
            for _ in range(num_layers)
        )
        self.u_head = nn.Linear(hidden_dim, latent_dim)
        self.v_head = nn.Linear(hidden_dim, latent_dim)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        # No motion to begin with.
        nn.init.zeros_(self.u_head.weight)
        nn.init.zeros_(self.v_head.weight)

    def forward(self, x: Tensor, t: Tensor, h: Tensor) -> MeanFlowOut:
        """Velocities at latents x [B, Z] over intervals that begin at times t and are h long: [B], or [1] for all."""
        condition = self.condition(t, h)
        hidden = self.input_proj(x)
        features = []
        for layer in self.layers:
            hidden = hidden + layer(hidden + condition)
            features.append(hidden)
        return MeanFlowOut(self.u_head(hidden), self.v_head(hidden), torch.stack(features, dim=1))

    def condition(self, t: Tensor, h: Tensor) -> Tensor:
        """Times and lengths [B] to what every block adds: float32 [B, hidden]."""
        # In bfloat16 there would be 128 different times between 0.5 and 1.
        with torch.autocast(t.device.type, enabled=False):
            out: Tensor = self.t_embed(t[:, None]) + self.h_embed(h[:, None])
        return out


def _embedding(hidden_dim: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(1, hidden_dim), nn.SiLU(), nn.Linear(hidden_dim, hidden_dim))


def integrate_mean(net: MeanFlowNet, x: Tensor, steps: int) -> Tensor:
    """Follow the mean velocity over equal intervals from t = 1 down to 0; differentiable.

    Args:
        net: the network.
        x: latents float32 [B, Z] at t = 1.
        steps: number of intervals.

    Returns:
        Latents [B, Z] at t = 0.
    """
    times, length = mean_flow_times(steps, x.device)
    for i in range(steps):
        x = x - net(x, times[i : i + 1], length).u / steps
    return x


def mean_flow_times(steps: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Where the intervals begin, float32 [steps], and how long each is, [1]."""
    left = torch.arange(steps, 0, -1, device=device, dtype=torch.float32)
    return left / steps, torch.full((1,), 1 / steps, device=device)
