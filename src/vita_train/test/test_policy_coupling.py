from __future__ import annotations

import itertools

import policy_support  # noqa: F401 - one thread
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vita_train.policy.coupling import Pairing, _cheapest_pairs


def test_it_undoes_a_shuffle() -> None:
    generator = torch.Generator().manual_seed(0)
    target = torch.randn(40, 8, generator=generator)
    order = torch.randperm(40, generator=generator)
    source = target[order] + 0.01 * torch.randn(40, 8, generator=generator)
    assert torch.equal(Pairing(source, target).result(), order)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 5), st.integers(0, 999))
def test_no_other_pairs_lie_nearer(n: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    source, target = (torch.randn(n, 3, generator=generator) for _ in range(2))
    pairs = Pairing(source, target).result()

    def distance(order: object) -> float:
        return float((source - target[order]).square().sum())  # type: ignore[index]

    assert distance(pairs) <= min(distance(list(order)) for order in itertools.permutations(range(n))) + 1e-5


def test_pairs_have_no_gradient_and_need_no_full_precision() -> None:
    generator = torch.Generator().manual_seed(0)
    source, target = (torch.randn(20, 8, generator=generator, requires_grad=True) for _ in range(2))
    whole = Pairing(source, target).result()
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(Pairing(source, target).result(), whole)
    assert not whole.requires_grad


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_latents_that_are_not_finite_keep_their_own_pairs(value: float) -> None:
    source, target = torch.randn(6, 4), torch.randn(6, 4)
    source[2, 1] = value
    assert torch.equal(Pairing(source, target).result(), torch.arange(6))


def test_compiled_code_may_keep_the_assignment_whole() -> None:
    torch.library.opcheck(_cheapest_pairs, (torch.randn(5, 5),), test_utils=("test_schema", "test_faketensor"))
