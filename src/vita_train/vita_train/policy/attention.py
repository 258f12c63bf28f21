"""A transformer block whose tokens attend to each other."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from vita_train.policy.mlp import Mlp
from vita_train.policy.positions import rotate_by_position


class RotaryAttention(nn.Module):
    """Self-attention of several heads, queries and keys normalised in each head and turned by their position."""

    def __init__(self, dim: int, num_heads: int, dropout: float = 0.0) -> None:
        """Builds it with torch's own start.

        Args:
            dim: elements of a token, a multiple of twice ``num_heads``.
            num_heads: heads.
            dropout: of attention weights and outputs, while training.
        """
        super().__init__()
        self.num_heads = num_heads
        self.dropout = dropout
        self.qkv = nn.Linear(dim, 3 * dim)
        self.q_norm = nn.LayerNorm(dim // num_heads)
        self.k_norm = nn.LayerNorm(dim // num_heads)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens [B, L, dim] to [B, L, dim]."""
        # [B, L, 3 dim] to three of [B, heads, L, dim / heads]
        q, k, v = self.qkv(x).unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        q, k = rotate_by_position(self.q_norm(q)), rotate_by_position(self.k_norm(k))
        heads = F.scaled_dot_product_attention(q, k, v.type_as(q), dropout_p=self.dropout if self.training else 0.0)
        out: Tensor = self.proj(heads.transpose(1, 2).flatten(2))
        return F.dropout(out, self.dropout, self.training)


class TransformerBlock(nn.Module):
    """Attention, then an MLP with tanh-GELU, each on normalised tokens and added to them (pre-LN)."""

    def __init__(self, dim: int, num_heads: int, mlp_ratio: float, dropout: float = 0.0) -> None:
        """Builds it; arguments as in ``RotaryAttention``, ``mlp_ratio`` is the MLP's inner width over ``dim``."""
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attn = RotaryAttention(dim, num_heads, dropout)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = Mlp(dim, int(dim * mlp_ratio), dropout, approximate="tanh")

    def forward(self, x: Tensor) -> Tensor:
        """Tokens [B, L, dim] to [B, L, dim]."""
        x = x + self.attn(self.norm1(x))
        out: Tensor = x + self.mlp(self.norm2(x))
        return out
