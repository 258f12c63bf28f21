"""The losses that torch does not have."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

TEMPERATURE = 0.07


def reconstruction_loss(prediction: Tensor, target: Tensor, is_pad: Tensor | None, kind: str) -> Tensor:
    """Mean absolute ("l1") or squared ("l2") error of action chunks.

    Args:
        prediction: [B, T, A].
        target: [B, T, A].
        is_pad: bool [B, T], True for steps that do not count; None when all count.
        kind: "l1" or "l2".

    Returns:
        A scalar; 0 when no step counts.
    """
    difference = prediction - target
    error = difference.abs() if kind == "l1" else difference.square()
    if is_pad is None:
        return error.mean()
    counts = (~is_pad).to(error.dtype)
    return (error * counts[:, :, None]).sum() / (counts.sum() * error.shape[2]).clamp(min=1.0)


def info_nce(a: Tensor, b: Tensor) -> Tensor:
    """Symmetric InfoNCE (van den Oord et al. 2018): each row of ``a`` [B, Z] must recognise its row of ``b`` [B, Z]."""
    logits = F.normalize(a, dim=1) @ F.normalize(b, dim=1).T / TEMPERATURE
    labels = torch.arange(len(a), device=a.device)
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2


def dispersive_loss(features: Tensor, tau: float) -> Tensor:
    """What keeps samples apart from each other (Wang & He 2025): log mean exp(-D / tau) over all pairs of a batch.

    Args:
        features: [B, F].
        tau: temperature.

    Returns:
        A scalar, 0 or less. D are squared distances, divided by the largest of them: [B, B], with the zeros of a
        sample to itself, as published.
    """
    squared = (features[:, None] - features[None]).square().sum(dim=2)
    # The floor is for samples that do not differ at all, or a single one.
    scaled = squared / squared.max().clamp(min=torch.finfo(squared.dtype).tiny)
    return (-scaled / tau).exp().mean().log()
