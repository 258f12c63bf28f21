"""Looking at a policy in the middle of its training without a trace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


@contextmanager
def undisturbed(module: nn.Module, weights: Mapping[str, Tensor] | None = None, seed: int = 0) -> Iterator[None]:
    """While inside, a module is in evaluation mode, without gradients, and random numbers follow ``seed``.

    Afterwards its modes, its weights and torch's random state are to the bit what they were.

    Args:
        module: on one device.
        weights: values to use inside instead of its own, by parameter name (averaged weights).
        seed: of everything drawn inside.
    """
    parameters = dict(module.named_parameters())
    device = next(iter(parameters.values())).device
    modes = {part: part.training for part in module.modules()}
    replaced = {name: parameters[name].detach().clone() for name in weights or {}}
    try:
        with torch.no_grad(), torch.random.fork_rng([device] if device.type == "cuda" else []):
            # Copied into place, so that whoever holds the tensors (optimizer, compiled code) need not know.
            for name, value in (weights or {}).items():
                parameters[name].copy_(value)
            module.eval()
            torch.manual_seed(seed)
            yield
    finally:
        with torch.no_grad():
            for name, value in replaced.items():
                parameters[name].copy_(value)
        for part, training in modes.items():
            part.training = training
