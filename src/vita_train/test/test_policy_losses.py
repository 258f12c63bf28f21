from __future__ import annotations

import numpy as np
import pytest
import torch

from vita_train.policy.losses import dispersive_loss, info_nce, reconstruction_loss


@pytest.mark.parametrize("kind", ["l1", "l2"])
def test_reconstruction_is_the_mean_error(kind: str) -> None:
    prediction, target = np.random.default_rng(0).normal(size=(2, 3, 4, 2))
    is_pad = np.array([[False] * 4, [False, False, True, True], [False, True, True, True]])
    error = np.abs(prediction - target) if kind == "l1" else (prediction - target) ** 2
    given = (torch.from_numpy(prediction), torch.from_numpy(target))
    assert reconstruction_loss(*given, None, kind).item() == pytest.approx(error.mean())
    assert reconstruction_loss(*given, torch.from_numpy(is_pad), kind).item() == pytest.approx(error[~is_pad].mean())


@pytest.mark.parametrize("kind", ["l1", "l2"])
def test_reconstruction_ignores_padding(kind: str) -> None:
    target = torch.zeros(2, 3, 2)
    prediction = torch.ones(2, 3, 2)
    prediction[1, 2] = 100.0
    is_pad = torch.tensor([[False, False, False], [False, False, True]])
    assert reconstruction_loss(prediction, target, is_pad, kind).item() == 1.0
    assert reconstruction_loss(prediction, target, None, kind).item() > 1.0
    assert reconstruction_loss(prediction, target, torch.ones(2, 3, dtype=torch.bool), kind).item() == 0.0


def test_info_nce_prefers_matching_rows() -> None:
    rows = torch.eye(6)
    assert info_nce(rows, rows) < 1e-4
    assert info_nce(rows, rows.roll(1, 0)) > 5


def test_dispersive_loss_is_its_formula() -> None:
    features = np.random.default_rng(0).normal(size=(5, 3))
    squared = np.array([[((a - b) ** 2).sum() for b in features] for a in features])
    expected = np.log(np.exp(-squared / squared.max() / 0.5).mean())
    assert dispersive_loss(torch.from_numpy(features), 0.5).item() == pytest.approx(expected)


def test_dispersive_loss_drives_samples_apart_and_bears_equal_ones() -> None:
    # Three on a line, the middle one off centre: it is pushed to where it is farthest from both.
    features = torch.tensor([[0.0], [0.2], [1.0]], requires_grad=True)
    dispersive_loss(features, 0.1).backward()  # type: ignore[no-untyped-call]
    assert features.grad is not None
    assert features.grad[1] < 0
    same = torch.ones(4, 3, requires_grad=True)
    loss = dispersive_loss(same, 1.0)
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == 0
    assert same.grad is not None
    assert torch.isfinite(same.grad).all()
