"""The diagonal Gaussian of a variational encoder (Kingma & Welling 2014)."""

from __future__ import annotations

import torch
from torch import Tensor

from vita_train.policy.draws import Draws


def draw(mean: Tensor, log_variance: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """A sample through which gradients reach mean and variance: mean + exp(log_variance / 2) * standard normal.

    Args:
        mean: [B, Z].
        log_variance: [B, Z].
        generator: where it is drawn from; torch's own on the tensors' device when None.

    Returns:
        [B, Z].
    """
    return mean + (0.5 * log_variance).exp() * Draws(generator, mean.device).normal(mean.shape)


def kl_to_standard(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Kullback-Leibler divergence from the standard normal: 0.5 sum(mean^2 + variance - 1 - log variance).

    Args:
        mean: [B, Z].
        log_variance: [B, Z].

    Returns:
        A scalar in nats: summed over Z, mean over B.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1).mean()
