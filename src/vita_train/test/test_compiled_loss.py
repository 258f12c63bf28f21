from __future__ import annotations

import pytest
import torch
from policy_support import tiny_batch, tiny_policy

from vita_dataset.errors import UsageError
from vita_train.compiled_loss import compiled


def test_the_traced_losses_and_gradients_are_the_same():
    """Traced and then run as it is: what the compiler makes of it is torch's own business."""
    policy, batch = tiny_policy(observer="small"), tiny_batch()
    found = []
    for compute in (policy.compute_loss, compiled(policy.compute_loss, backend="eager")):
        policy.zero_grad()
        torch.manual_seed(1)
        losses = compute(batch)
        losses["loss"].backward()
        found.append((losses, [weight.grad.clone() for weight in policy.parameters() if weight.requires_grad]))
    (losses, gradients), (traced, traced_gradients) = found
    torch.testing.assert_close(traced, losses)
    torch.testing.assert_close(traced_gradients, gradients)
    assert not any("_orig_mod" in name for name in policy.state_dict())


def test_a_machine_that_cannot_compile_is_told_so():
    def refuse(graph, inputs):
        raise RuntimeError("no compiler")

    with pytest.raises(UsageError, match=r"train\.compile=true does not work here .*install a C\+\+ compiler"):
        compiled(lambda batch: {"loss": batch["x"] * 2}, backend=refuse)({"x": torch.ones(2)})
