from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from torch import Tensor, nn

from vita_train.policy.coupling import assign, optimal_pairs
from vita_train.policy.flow import FlowNet, integrate
from vita_train.policy.losses import info_nce, masked_l1

SQUARES = st.integers(1, 6).flatmap(lambda n: arrays(np.float64, (n, n), elements=st.floats(-5, 5)))


@settings(deadline=None)
@given(SQUARES)
def test_assignment_is_the_cheapest_permutation(cost: NDArray[np.float64]) -> None:
    n = len(cost)
    chosen = assign(cost)
    assert sorted(chosen) == list(range(n))
    best = min(cost[range(n), order].sum() for order in itertools.permutations(range(n)))
    assert cost[range(n), chosen].sum() == pytest.approx(best, abs=1e-9)


def test_optimal_pairs_undo_a_shuffle() -> None:
    generator = torch.Generator().manual_seed(0)
    target = torch.randn(40, 8, generator=generator)
    order = torch.randperm(40, generator=generator)
    source = target[order] + 0.01 * torch.randn(40, 8, generator=generator)
    assert torch.equal(optimal_pairs(source, target), order)


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


def test_masked_l1_ignores_padding() -> None:
    target = torch.zeros(2, 3, 2)
    prediction = torch.ones(2, 3, 2)
    prediction[1, 2] = 100.0
    is_pad = torch.tensor([[False, False, False], [False, False, True]])
    assert masked_l1(prediction, target, is_pad).item() == 1.0
    assert masked_l1(prediction, target, None).item() > 1.0
    assert masked_l1(prediction, target, torch.ones(2, 3, dtype=torch.bool)).item() == 0.0


def test_info_nce_prefers_matching_rows() -> None:
    rows = torch.eye(6)
    assert info_nce(rows, rows) < 1e-4
    assert info_nce(rows, rows.roll(1, 0)) > 5
