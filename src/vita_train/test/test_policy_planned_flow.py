from __future__ import annotations

import policy_support  # noqa: F401 - one thread
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from serving_support import LIMIT, randomized, relative

from vita_train.policy.flow import FlowNet, integrate
from vita_train.policy.planned_flow import PlannedFlow


def net(latent: int, hidden: int, layers: int, seed: int) -> FlowNet:
    torch.manual_seed(seed)
    made = randomized(FlowNet(latent, hidden, layers, 2.0), seed)
    assert isinstance(made, FlowNet)
    return made


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 9), st.integers(1, 40), st.integers(2, 40), st.integers(1, 3), st.integers(0, 99))
def test_it_is_the_integration(steps: int, latent: int, hidden: int, layers: int, seed: int) -> None:
    flow_net = net(latent, hidden, layers, seed)
    x = torch.randn(1, latent, generator=torch.Generator().manual_seed(seed))
    planned = PlannedFlow(flow_net, steps)
    with torch.inference_mode():
        expected = integrate(flow_net, x, steps)[0]
        torch.testing.assert_close(planned(x[0]), expected, rtol=LIMIT, atol=LIMIT * float(1 + expected.abs().max()))


def test_it_needs_the_network_no_longer() -> None:
    flow_net = net(16, 32, 2, 0)
    planned, x = PlannedFlow(flow_net, 4), torch.ones(16)
    before = planned(x)
    with torch.no_grad():
        for name, weight in flow_net.named_parameters():
            if not name.startswith("norm."):
                weight.fill_(7.0)
    assert torch.equal(planned(x), before)
    assert not before.requires_grad


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_stays_near_and_adds_up_in_float32(dtype: torch.dtype) -> None:
    flow_net, x = net(64, 64, 2, 0), torch.randn(64, generator=torch.Generator().manual_seed(0))
    half, whole = PlannedFlow(flow_net, 6, dtype)(x), PlannedFlow(flow_net, 6)(x)
    assert 0 < relative(half, whole) < 0.05
