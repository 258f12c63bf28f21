"""An action encoder that looks at each step by itself."""

from __future__ import annotations

from torch import Tensor, nn
from typing_extensions import override

from vita_train.policy.action_encoder import ActionEncoder
from vita_train.policy.mlp import Mlp


class SimpleActionEncoder(ActionEncoder):
    """The same MLPs for every step, each of which fills its share of the latent. Deterministic only."""

    def __init__(
        self,
        horizon: int,
        action_dim: int,
        num_layers: int,
        latent_dim: int,
        mlp_ratio: float = 4.0,
        dropout: float = 0.0,
    ) -> None:
        """Builds it with Xavier-uniform weights and zero biases.

        Args:
            horizon: T.
            action_dim: A.
            num_layers: MLPs.
            latent_dim: Z, a multiple of T.
            mlp_ratio: width inside an MLP over Z / T, the elements of a step.
            dropout: in the MLPs, while training.
        """
        super().__init__()
        dim = latent_dim // horizon
        self.input_proj = nn.Linear(action_dim, dim)
        self.layers = nn.Sequential(*(Mlp(dim, int(dim * mlp_ratio), dropout) for _ in range(num_layers)))
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    @override
    def forward(self, actions: Tensor) -> Tensor:
        """As in ``ActionEncoder``; the latent holds Z / T elements of the first step, then of the second ..."""
        latents: Tensor = self.layers(self.input_proj(actions)).flatten(1)
        return latents
