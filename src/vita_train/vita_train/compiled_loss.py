"""The losses of a policy through ``torch.compile``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch._dynamo.exc import TorchDynamoException
from torch._inductor.exc import InductorError

from vita_dataset.errors import UsageError
from vita_train.module import Losses


def compiled(compute_loss: Losses, backend: str | Callable[..., Any] = "inductor") -> Losses:
    """The same losses, to rounding, computed by code made for them when they are first asked for.

    A function is compiled and not the policy, so the names of its weights and what others compute with it stay.

    Args:
        compute_loss: of a policy.
        backend: of ``torch.compile``.
    """
    # The compiler would draw random numbers in a way of its own: other crops and flow times from the same seed.
    options: dict[str, Any] | None = {"fallback_random": True} if backend == "inductor" else None
    compute = torch.compile(compute_loss, backend=backend, options=options)

    def losses(batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The losses of a batch.

        Raises:
            UsageError: this machine cannot compile them.
        """
        try:
            return compute(batch)
        except (TorchDynamoException, InductorError) as error:
            reason = str(error).partition("\n")[0]
            raise UsageError(
                f"train.compile=true does not work here ({reason}); install a C++ compiler (on a GPU triton, too), or "
                "leave it out"
            ) from error

    return losses
