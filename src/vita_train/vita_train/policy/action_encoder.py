"""What every action encoder is, whatever is inside."""

from __future__ import annotations

from torch import Tensor, nn


class ActionEncoder(nn.Module):
    """Normalised action chunks to latents, or to the Gaussians that latents are drawn from.

    ``encode_actions`` makes latents of either.

    Attributes:
        variational: whether the output is a Gaussian.
    """

    def __init__(self, variational: bool = False) -> None:
        super().__init__()
        self.variational = variational

    def forward(self, actions: Tensor) -> Tensor:
        """Encode chunks.

        Args:
            actions: normalised, [B, T, A].

        Returns:
            Latents [B, Z]; of a variational encoder means and logarithms of variances, [B, 2 Z].
        """
        raise NotImplementedError
