"""What the processes of one run tell each other beside gradients. A process alone agrees with itself at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor

PATIENCE = timedelta(days=2)
"""How long a process waits for the others: while one of them validates, for example. A loss is noticed elsewhere."""


def average(parts: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The means of scalars by name over one or more parts, and over all processes, which must call this together.

    Nobody waits for the device.
    """
    if len(parts) == 1 and not is_together():
        return dict(parts[0])
    means = torch.stack([torch.stack([part[name] for part in parts]).mean() for name in parts[0]])
    if is_together():
        dist.all_reduce(means)
        means /= dist.get_world_size()
    return dict(zip(parts[0], means.unbind(), strict=True))


class Largest:
    """The largest of the numbers that all processes give at the same time, which they must do together."""

    def __init__(self) -> None:
        self._group: dist.ProcessGroup | None = None

    def __call__(self, number: int) -> int:
        """All processes get the same answer."""
        if not is_together():
            return number
        if self._group is None:
            # Numbers of the processor travel by a way of their own: reading one back from a GPU would wait for it.
            self._group = dist.new_group(backend="gloo", timeout=PATIENCE)
        shared = torch.tensor(number)
        dist.all_reduce(shared, op=dist.ReduceOp.MAX, group=self._group)
        return int(shared)


def is_together() -> bool:
    """Whether this process trains with others."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1
