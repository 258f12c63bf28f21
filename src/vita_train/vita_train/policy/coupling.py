"""Exact optimal transport between two batches of the same size.

With equal weights the cheapest plan is a permutation (Birkhoff 1946), found as an assignment problem on the CPU.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vita_train.policy.assignment import assign


class Pairing:
    """Pairs each source with one target so that the summed squared distances are least.

    A CUDA device need not wait: what the CPU must know leaves for it at once, and until ``result`` is asked for, more
    work can be queued, which the device does while the CPU computes. The CPU waits only for what was queued before.
    """

    def __init__(self, source: Tensor, target: Tensor) -> None:
        """Begins.

        Args:
            source: [B, Z].
            target: [B, Z].
        """
        self._device = source.device
        with torch.no_grad(), torch.autocast(source.device.type, enabled=False):
            # |a - b|^2 without |a|^2 and |b|^2, which every permutation sums up alike.
            cost = -(source.float() @ target.float().T)
        # Only CUDA has the event that tells when it is there, and compiled code has an order of its own.
        asynchronous = cost.is_cuda and not torch.compiler.is_compiling()
        self._cost = cost.to("cpu", non_blocking=asynchronous)
        self._arrived = torch.cuda.Event() if asynchronous else None  # type: ignore[no-untyped-call]
        if self._arrived is not None:
            self._arrived.record()

    def result(self) -> Tensor:
        """The target of each source, each target once.

        Returns:
            Int64 [B] on the source's device. Latents that are not finite keep their own pairs: the loss will say so.
        """
        if self._arrived is not None:
            self._arrived.synchronize()
        pairs: Tensor = _cheapest_pairs(self._cost)
        return pairs.to(self._device, non_blocking=True)


# An operator, because torch.compile does not look into those; numpy it would take apart.
@torch.library.custom_op("vita::cheapest_pairs", mutates_args=())
def _cheapest_pairs(cost: Tensor) -> Tensor:
    values = cost.numpy().astype(np.float64)
    return torch.from_numpy(assign(values) if np.isfinite(values).all() else np.arange(len(values)))


@_cheapest_pairs.register_fake
def _(cost: Tensor) -> Tensor:
    return torch.empty(len(cost), dtype=torch.int64)
