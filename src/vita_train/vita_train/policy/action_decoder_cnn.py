"""An action decoder that mirrors the convolutional encoder."""

from __future__ import annotations

from torch import Tensor, nn


class CnnActionDecoder(nn.Module):
    """A linear layer, then transposed convolutions over time, each doubling the length of the chunk."""

    def __init__(self, horizon: int, action_dim: int, hidden_dim: int, num_layers: int, latent_dim: int) -> None:
        """Builds it with orthogonal weights and zero biases.

        Args:
            horizon: T, a multiple of 2 to the power of ``num_layers``.
            action_dim: A.
            hidden_dim: channels of all but the last convolution.
            num_layers: convolutions.
            latent_dim: Z.
        """
        super().__init__()
        self.start_shape = (hidden_dim, horizon // 2**num_layers)
        self.latent_proj = nn.Linear(latent_dim, hidden_dim * self.start_shape[1])
        layers: list[nn.Module] = []
        for index in range(num_layers):
            last = index == num_layers - 1
            channels = action_dim if last else hidden_dim
            layers.append(
                nn.ConvTranspose1d(hidden_dim, channels, kernel_size=5, stride=2, padding=2, output_padding=1)
            )
            if not last:
                layers.append(nn.ReLU())
        self.decoder = nn.Sequential(*layers)
        for module in self.modules():
            if isinstance(module, (nn.ConvTranspose1d, nn.Linear)):
                nn.init.orthogonal_(module.weight)
                assert module.bias is not None
                nn.init.zeros_(module.bias)

    def forward(self, latents: Tensor) -> Tensor:
        """Latents [B, Z] to normalised actions [B, T, A]."""
        actions: Tensor = self.decoder(self.latent_proj(latents).view(-1, *self.start_shape))
        return actions.transpose(1, 2)
