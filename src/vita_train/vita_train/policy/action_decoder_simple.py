"""The default action decoder: an MLP."""

from __future__ import annotations

from torch import Tensor, nn

from vita_train.policy.mlp import Mlp


class SimpleActionDecoder(nn.Module):
    """An MLP from a latent to a whole chunk."""

    def __init__(
        self,
        horizon: int,
        action_dim: int,
        hidden_dim: int,
        num_layers: int,
        latent_dim: int,
        dropout: float = 0.0,
    ) -> None:
        """Builds it with Xavier-uniform weights and zero biases.

        Args:
            horizon: T.
            action_dim: A.
            hidden_dim: width, also inside the blocks.
            num_layers: blocks of two linear layers.
            latent_dim: Z.
            dropout: in the blocks, while training.
        """
        super().__init__()
        self.chunk_shape = (horizon, action_dim)
        self.input_proj = nn.Linear(latent_dim, hidden_dim)
        self.layers = nn.Sequential(*(Mlp(hidden_dim, hidden_dim, dropout) for _ in range(num_layers)))
        self.output_proj = nn.Linear(hidden_dim, horizon * action_dim)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, latents: Tensor) -> Tensor:
        """Latents [B, Z] to normalised actions [B, T, A]."""
        actions: Tensor = self.output_proj(self.layers(self.input_proj(latents)))
        return actions.view(-1, *self.chunk_shape)
