from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from vita_train.policy.flow import FlowNet, integrate


def decay(x: Tensor, t: Tensor) -> Tensor:
    return -x + 0 * t


def test_euler_is_explicit_and_converges() -> None:
    x = torch.tensor([[1.0]])
    assert integrate(decay, x, 4).item() == pytest.approx((1 - 1 / 4) ** 4)
    assert integrate(decay, x, 2000).item() == pytest.approx(math.exp(-1), rel=1e-3)


def test_blocks_start_as_identity_and_time_reaches_them_after_one_step() -> None:
    torch.manual_seed(0)
    net = FlowNet(16, 16, 2, 2.0)
    x, early, late = torch.randn(3, 16), torch.zeros(1), torch.ones(1)
    assert torch.equal(net(x, early), net(x, late))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        (net(x, early) - x).square().mean().backward()
        optimizer.step()
    assert not torch.equal(net(x, early), net(x, late))


def test_one_shared_time_equals_one_for_each_sample() -> None:
    torch.manual_seed(0)
    net = FlowNet(16, 16, 2, 2.0)
    nn.init.normal_(net.get_parameter("layers.0.time_modulator.1.weight"), std=0.1)
    x = torch.randn(5, 16)
    torch.testing.assert_close(net(x, torch.tensor([0.3])), net(x, torch.full((5,), 0.3)))


def test_dropout_only_while_training() -> None:
    torch.manual_seed(0)
    net = FlowNet(16, 16, 2, 2.0, dropout=0.5)
    nn.init.normal_(net.get_parameter("layers.0.time_modulator.1.weight"), std=0.1)
    x, t = torch.randn(3, 16), torch.full((1,), 0.5)
    assert not torch.equal(net(x, t), net(x, t))
    net.eval()
    assert torch.equal(net(x, t), net(x, t))
