"""The default action encoder: convolutions over time."""

from __future__ import annotations

from torch import Tensor, nn
from typing_extensions import override

from vita_train.policy.action_encoder import ActionEncoder


class CnnActionEncoder(ActionEncoder):
    """Convolutions over time, each halving the chunk, then a linear layer."""

    def __init__(
        self,
        horizon: int,
        action_dim: int,
        hidden_dim: int,
        num_layers: int,
        latent_dim: int,
        variational: bool = False,
    ) -> None:
        """Builds it with orthogonal weights and zero biases.

        Args:
            horizon: T, a multiple of 2 to the power of ``num_layers``.
            action_dim: A.
            hidden_dim: channels.
            num_layers: convolutions.
            latent_dim: Z.
            variational: whether it gives Gaussians, whose means and variances the last layer then computes both.
        """
        super().__init__(variational)
        layers: list[nn.Module] = []
        channels = action_dim
        for _ in range(num_layers):
            layers += [nn.Conv1d(channels, hidden_dim, kernel_size=5, stride=2, padding=2), nn.ReLU()]
            channels = hidden_dim
        self.encoder = nn.Sequential(*layers)
        self.latent_proj = nn.Linear(hidden_dim * (horizon // 2**num_layers), latent_dim * (1 + variational))
        for module in self.modules():
            if isinstance(module, (nn.Conv1d, nn.Linear)):
                nn.init.orthogonal_(module.weight)
                assert module.bias is not None
                nn.init.zeros_(module.bias)

    @override
    def forward(self, actions: Tensor) -> Tensor:
        """As in ``ActionEncoder``."""
        latents: Tensor = self.latent_proj(self.encoder(actions.transpose(1, 2)).flatten(1))
        return latents
