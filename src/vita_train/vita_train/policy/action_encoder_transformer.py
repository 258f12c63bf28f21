"""An action encoder whose steps attend to each other."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from typing_extensions import override

from vita_train.policy.action_encoder import ActionEncoder
from vita_train.policy.attention import TransformerBlock
from vita_train.policy.positions import sinusoidal_table


class TransformerActionEncoder(ActionEncoder):
    """One token for each step and one before them that gathers the chunk; the latent is read from that one."""

    pos_embed: Tensor

    def __init__(
        self,
        horizon: int,
        action_dim: int,
        hidden_dim: int,
        num_layers: int,
        latent_dim: int,
        num_heads: int = 8,
        mlp_ratio: float = 4.0,
        dropout: float = 0.0,
        variational: bool = False,
    ) -> None:
        """Builds it with Xavier-uniform matrices and zero biases.

        Args:
            horizon: T.
            action_dim: A.
            hidden_dim: elements of a token, a multiple of twice ``num_heads``.
            num_layers: blocks.
            latent_dim: Z.
            num_heads: attention heads.
            mlp_ratio: width inside the blocks' MLPs over ``hidden_dim``.
            dropout: in attention and MLPs, while training.
            variational: whether it gives Gaussians, whose means and variances the last layer then computes both.
        """
        super().__init__(variational)
        self.cls_embed = nn.Embedding(1, hidden_dim)
        self.input_proj = nn.Linear(action_dim, hidden_dim)
        # Part of the state_dict although it never changes: so it is in the published code's checkpoints.
        self.register_buffer("pos_embed", sinusoidal_table(horizon + 1, hidden_dim))
        self.layers = nn.ModuleList(
            TransformerBlock(hidden_dim, num_heads, mlp_ratio, dropout) for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(hidden_dim)
        self.latent_proj = nn.Linear(hidden_dim, latent_dim * (1 + variational))
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.xavier_uniform_(module.weight)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)

    @override
    def forward(self, actions: Tensor) -> Tensor:
        """As in ``ActionEncoder``."""
        steps = self.input_proj(actions)
        gatherer = self.cls_embed.weight.type_as(steps).expand(len(steps), 1, -1)
        tokens = torch.cat((gatherer, steps), dim=1) + self.pos_embed
        for layer in self.layers:
            tokens = layer(tokens)
        latents: Tensor = self.latent_proj(self.norm(tokens)[:, 0])
        return latents
