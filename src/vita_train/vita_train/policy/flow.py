"""The velocity network and the way it carries a vision latent to an action latent."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vita_train.policy.mlp import Mlp

TIME_DIM = 256
MAX_PERIOD = 1e4


class TimeEmbedding(nn.Module):
    """Flow times [B] to sines and cosines [B, 256] of geometrically spaced frequencies (Vaswani et al. 2017)."""

    def forward(self, t: Tensor) -> Tensor:
        """Times in [0, 1], not scaled."""
        half = TIME_DIM // 2
        index = torch.arange(half, device=t.device, dtype=torch.float32)
        angles = t.float()[:, None] * torch.exp(index * (-math.log(MAX_PERIOD) / (half - 1)))
        return torch.cat((angles.sin(), angles.cos()), dim=1)


class FlowBlock(nn.Module):
    """A residual MLP that the time scales, shifts and gates (adaLN, Peebles & Xie 2023)."""

    def __init__(self, dim: int, mlp_ratio: float, dropout: float = 0.0) -> None:
        super().__init__()
        self.mlp = Mlp(dim, int(dim * mlp_ratio), dropout, approximate="tanh")
        self.time_modulator = nn.Sequential(nn.SiLU(), nn.Linear(dim, 3 * dim))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Latents [B, dim] and time condition [B or 1, dim] to [B, dim]."""
        gate, scale, shift = self.time_terms(condition)
        h = F.layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + scale) + shift
        out: Tensor = x + gate * self.mlp(h)
        return out

    def time_terms(self, condition: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Gate, scale and shift, [B, dim] each, of time conditions [B, dim]."""
        gate, scale, shift = self.time_modulator(condition).chunk(3, dim=1)
        return gate, scale, shift


class FlowNet(nn.Module):
    """The velocity at a latent and a time."""

    def __init__(
        self, latent_dim: int, hidden_dim: int, num_layers: int, mlp_ratio: float, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.input_proj = nn.Linear(latent_dim, hidden_dim)
        self.time_embed = nn.Sequential(
            TimeEmbedding(), nn.Linear(TIME_DIM, 4 * TIME_DIM), nn.Mish(), nn.Linear(4 * TIME_DIM, hidden_dim)
        )
        self.layers = nn.ModuleList(FlowBlock(hidden_dim, mlp_ratio, dropout) for _ in range(num_layers))
        self.norm = nn.LayerNorm(hidden_dim)
        self.out_proj = nn.Linear(hidden_dim, latent_dim)
        self._init_weights()

    def _init_weights(self) -> None:
        for name, module in self.named_modules():
            if not isinstance(module, nn.Linear):
                continue
            nn.init.zeros_(module.bias)
            if "time_modulator" in name:
                # Gates of zero: every block starts as the identity, which is what makes adaLN train steadily.
                nn.init.zeros_(module.weight)
            elif "time_embed" in name:
                nn.init.normal_(module.weight, std=0.02)
            else:
                nn.init.xavier_uniform_(module.weight)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """Velocity [B, Z] at latents x [B, Z] and times t [B], or [1] when all samples share it."""
        condition = self.time_embed(t)
        h = self.input_proj(x)
        for layer in self.layers:
            h = layer(h, condition)
        velocity: Tensor = self.out_proj(self.norm(h))
        return velocity


def integrate(net: Callable[[Tensor, Tensor], Tensor], x: Tensor, steps: int) -> Tensor:
    """Follow the velocity from t = 0 to 1 with explicit Euler steps of equal length; differentiable.

    Args:
        net: velocity of (latents [B, Z], times [1]).
        x: latents [B, Z] at t = 0.
        steps: number of steps.

    Returns:
        Latents [B, Z] at t = 1.
    """
    times = euler_times(steps, x.device)
    for i in range(steps):
        x = x + net(x, times[i : i + 1]) / steps
    return x


def euler_times(steps: int, device: torch.device) -> Tensor:
    """The times at which the velocity is asked for: float32 [steps], from 0 on."""
    return torch.arange(steps, device=device, dtype=torch.float32) / steps
