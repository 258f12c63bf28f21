"""A slowly following copy of the weights, smoother than the newest ones: what a checkpoint serves."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from vita_dataset.errors import DataError
from vita_train.schedule import ema_decay


class Ema:
    """Exponential moving average of a module's trainable parameters.

    Update n does shadow = d * shadow + (1 - d) * weight with d = ``ema_decay(n)``; the first takes the weights as
    they are.
    """

    def __init__(self, module: nn.Module) -> None:
        self._weights = {name: weight for name, weight in module.named_parameters() if weight.requires_grad}
        self._shadow = {name: weight.detach().clone() for name, weight in self._weights.items()}

    @torch.no_grad()
    def update(self, number: int) -> None:
        """Follow the module's weights by one step; ``number`` counts updates from 1."""
        # Lists of tensors in one call: 86 separate launches a step would show on a GPU.
        torch._foreach_lerp_(list(self._shadow.values()), list(self._weights.values()), 1.0 - ema_decay(number))

    def state_dict(self) -> dict[str, Tensor]:
        """The averaged weights by parameter name."""
        return dict(self._shadow)

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take averaged weights from a checkpoint.

        Raises:
            DataError: the names are not those of this module.
        """
        if set(state) != set(self._shadow):
            strange = sorted(set(state) ^ set(self._shadow))
            raise DataError(
                f"the checkpoint's averaged weights differ from the network in {strange[:3]}; "
                "resume with the policy settings that the run began with"
            )
        for name, shadow in self._shadow.items():
            shadow.copy_(state[name])
