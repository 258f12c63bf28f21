"""The two losses that torch does not have."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

TEMPERATURE = 0.07


def masked_l1(prediction: Tensor, target: Tensor, is_pad: Tensor | None) -> Tensor:
    """Mean absolute error of action chunks.

    Args:
        prediction: [B, T, A].
        target: [B, T, A].
        is_pad: bool [B, T], True for steps that do not count; None when all count.

    Returns:
        A scalar; 0 when no step counts.
    """
    error = (prediction - target).abs()
    if is_pad is None:
        return error.mean()
    counts = (~is_pad).to(error.dtype)
    return (error * counts[:, :, None]).sum() / (counts.sum() * error.shape[2]).clamp(min=1.0)


def info_nce(a: Tensor, b: Tensor) -> Tensor:
    """Symmetric InfoNCE (van den Oord et al. 2018): each row of ``a`` [B, Z] must recognise its row of ``b`` [B, Z]."""
    logits = F.normalize(a, dim=1) @ F.normalize(b, dim=1).T / TEMPERATURE
    labels = torch.arange(len(a), device=a.device)
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2
