"""Two linear layers with a GELU between them: the unit of the flow network, action encoders and decoders."""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn


class Mlp(nn.Module):
    """Linear, GELU, linear; no shortcut. Dropout, while training, after the GELU and after the second layer."""

    def __init__(
        self, dim: int, hidden_dim: int, dropout: float = 0.0, approximate: Literal["none", "tanh"] = "none"
    ) -> None:
        """Builds it with torch's own start.

        Args:
            dim: elements that go in and come out.
            hidden_dim: elements between the layers.
            dropout: share of the elements that training sets to 0.
            approximate: "none" for the exact GELU, "tanh" for its approximation.
        """
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, dim)
        self.dropout = dropout
        self.approximate = approximate

    def forward(self, x: Tensor) -> Tensor:
        """[..., dim] to [..., dim]."""
        h = F.dropout(F.gelu(self.fc1(x), approximate=self.approximate), self.dropout, self.training)
        return F.dropout(self.fc2(h), self.dropout, self.training)
