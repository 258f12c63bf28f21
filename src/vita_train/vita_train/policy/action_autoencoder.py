"""Action chunks to latents and back."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class ActionEncoder(nn.Module):
    """Convolutions over time, each halving the chunk, then a linear layer."""

    def __init__(self, horizon: int, action_dim: int, hidden_dim: int, num_layers: int, latent_dim: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = action_dim
        for _ in range(num_layers):
            layers += [nn.Conv1d(channels, hidden_dim, kernel_size=5, stride=2, padding=2), nn.ReLU()]
            channels = hidden_dim
        self.encoder = nn.Sequential(*layers)
        self.latent_proj = nn.Linear(hidden_dim * (horizon // 2**num_layers), latent_dim)
        for module in self.modules():
            if isinstance(module, (nn.Conv1d, nn.Linear)):
                nn.init.orthogonal_(module.weight)
                assert module.bias is not None
                nn.init.zeros_(module.bias)

    def forward(self, actions: Tensor) -> Tensor:
        """Normalised actions [B, T, A] to latents [B, Z]."""
        latents: Tensor = self.latent_proj(self.encoder(actions.transpose(1, 2)).flatten(1))
        return latents


class DecoderBlock(nn.Module):
    """Linear, exact GELU, linear; no shortcut."""

    def __init__(self, hidden_dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(hidden_dim, hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, hidden_dim)

    def forward(self, x: Tensor) -> Tensor:
        """[B, hidden] to [B, hidden]."""
        out: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return out


class ActionDecoder(nn.Module):
    """An MLP from a latent to a whole chunk."""

    def __init__(self, horizon: int, action_dim: int, hidden_dim: int, num_layers: int, latent_dim: int) -> None:
        super().__init__()
        self.chunk_shape = (horizon, action_dim)
        self.input_proj = nn.Linear(latent_dim, hidden_dim)
        self.layers = nn.Sequential(*(DecoderBlock(hidden_dim) for _ in range(num_layers)))
        self.output_proj = nn.Linear(hidden_dim, horizon * action_dim)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, latents: Tensor) -> Tensor:
        """Latents [B, Z] to normalised actions [B, T, A]."""
        actions: Tensor = self.output_proj(self.layers(self.input_proj(latents)))
        return actions.view(-1, *self.chunk_shape)
