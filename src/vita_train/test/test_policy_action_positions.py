"""Positions as numbers."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vita_train.policy.positions import rotate_by_position, sinusoidal_table


def test_the_table_of_vaswani_et_al() -> None:
    table = sinusoidal_table(17, 512)
    assert (table.shape, table.dtype) == ((17, 512), torch.float32)
    for position in (0, 1, 16):
        for pair in (0, 1, 100, 255):
            angle = position / 10000 ** (2 * pair / 512)
            assert table[position, 2 * pair].item() == pytest.approx(math.sin(angle), abs=1e-7)
            assert table[position, 2 * pair + 1].item() == pytest.approx(math.cos(angle), abs=1e-7)


@given(st.integers(0, 8), st.integers(0, 8), st.integers(0, 7), st.integers(0, 2**31))
def test_turned_products_depend_on_the_distance_only(first: int, second: int, shift: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    query, key = torch.randn(2, 6, generator=generator, dtype=torch.float64)
    queries, keys = (rotate_by_position(vector.expand(16, 6)) for vector in (query, key))
    product = (queries[first] * keys[second]).sum()
    moved = (queries[first + shift] * keys[second + shift]).sum()
    assert product.item() == pytest.approx(moved.item(), abs=1e-10)
    assert torch.allclose(queries.norm(dim=1), query.norm())
    assert torch.equal(queries[0], query)


def test_half_precision_stays_half_but_is_turned_in_full() -> None:
    x = torch.randn(2, 17, 8)
    assert torch.equal(rotate_by_position(x.bfloat16()), rotate_by_position(x.bfloat16().float()).bfloat16())
