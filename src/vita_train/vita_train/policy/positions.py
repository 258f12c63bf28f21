"""Where a token stands in its sequence, as numbers: a table to add, and a rotation of queries and keys."""

from __future__ import annotations

import torch
from torch import Tensor

BASE = 1e4


def sinusoidal_table(length: int, dim: int) -> Tensor:
    """Sines and cosines of positions (Vaswani et al. 2017, section 3.5).

    Returns:
        Float32 [length, dim]: at position p, element 2i is sin(p / 10000^(2i/dim)), element 2i+1 the cosine.
    """
    angles = _angles(length, dim, torch.float64)
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1).float()


def rotate_by_position(x: Tensor) -> Tensor:
    """Turn pairs of neighbouring elements by angles that grow with the position (RoPE, Su et al. 2021, eq. 34).

    The product of a query and a key that were turned so depends on how far apart they stand.

    Args:
        x: queries or keys, [..., length, dim], dim even; elements 2i and 2i+1 are turned by p / 10000^(2i/dim).

    Returns:
        The same shape and type.
    """
    dtype = torch.promote_types(x.dtype, torch.float32)
    angles = _angles(x.shape[-2], x.shape[-1], dtype, x.device)
    cos, sin = angles.cos(), angles.sin()
    even, odd = x[..., 0::2].to(dtype), x[..., 1::2].to(dtype)
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1).flatten(-2).type_as(x)


def _angles(length: int, dim: int, dtype: torch.dtype, device: torch.device | None = None) -> Tensor:
    """Radians [length, dim / 2]."""
    position = torch.arange(length, dtype=dtype, device=device)
    exponent = torch.arange(0, dim, 2, dtype=dtype, device=device) / dim
    return position[:, None] * BASE**-exponent
