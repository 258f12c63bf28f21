"""The action encoders against their formulas."""

from __future__ import annotations

from collections.abc import Callable

import action_reference as reference
import numpy as np
import pytest
import torch
from action_reference import Array, Weights
from torch import nn

from vita_train.policy.action_encoder import ActionEncoder
from vita_train.policy.action_encoder_cnn import CnnActionEncoder
from vita_train.policy.action_encoder_simple import SimpleActionEncoder
from vita_train.policy.action_encoder_transformer import TransformerActionEncoder

HORIZON, ACTION_DIM, HEADS = 8, 3, 2
ACTIONS = np.random.default_rng(1).standard_normal((2, HORIZON, ACTION_DIM))
KINDS: dict[str, tuple[Callable[[], ActionEncoder], Callable[[Array, Weights], Array]]] = {
    "cnn": (lambda: CnnActionEncoder(HORIZON, ACTION_DIM, 12, 2, 10), reference.cnn_encoder),
    "simple": (lambda: SimpleActionEncoder(HORIZON, ACTION_DIM, 2, 32, 3.0), reference.simple_encoder),
    "transformer": (
        lambda: TransformerActionEncoder(HORIZON, ACTION_DIM, 16, 2, 10, HEADS, 3.0),
        lambda actions, weights: reference.transformer_encoder(actions, weights, HEADS),
    ),
}


def randomised(net: nn.Module) -> nn.Module:
    """The network in float64 with weights of which none is 0 or 1, so that each of them matters."""
    generator = torch.Generator().manual_seed(0)
    net.double()
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(torch.randn(weight.shape, generator=generator, dtype=torch.float64), alpha=0.3)
    return net


def weights_of(net: nn.Module) -> dict[str, Array]:
    return {name: tensor.numpy().copy() for name, tensor in net.state_dict().items()}


@pytest.mark.parametrize("kind", KINDS)
def test_it_computes_its_formula(kind: str) -> None:
    build, formula = KINDS[kind]
    encoder = randomised(build())
    latents = encoder(torch.from_numpy(ACTIONS)).detach().numpy()
    np.testing.assert_allclose(latents, formula(ACTIONS, weights_of(encoder)), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_of_each_weight_is_the_slope_of_the_formula(kind: str) -> None:
    build, formula = KINDS[kind]
    encoder = randomised(build())
    latents = encoder(torch.from_numpy(ACTIONS))
    rng = np.random.default_rng(2)
    goal = rng.standard_normal(tuple(latents.shape))
    (latents * torch.from_numpy(goal)).sum().backward()
    weights, step = weights_of(encoder), 1e-5
    for name, weight in encoder.named_parameters():
        assert weight.grad is not None, name
        direction = rng.standard_normal(weights[name].shape)
        above, below = (
            (formula(ACTIONS, weights | {name: weights[name] + sign * step * direction}) * goal).sum()
            for sign in (1, -1)
        )
        slope = float((weight.grad.numpy() * direction).sum())
        assert slope == pytest.approx((above - below) / (2 * step), rel=1e-5, abs=1e-6), name


def test_the_simple_encoder_keeps_the_steps_apart() -> None:
    encoder = SimpleActionEncoder(HORIZON, ACTION_DIM, 2, 32)
    actions = torch.from_numpy(ACTIONS).float()
    changed = actions.clone()
    changed[:, 5] += 1
    differs = (encoder(actions) != encoder(changed)).any(dim=0)
    assert differs.nonzero().flatten().tolist() == list(range(20, 24))


def test_the_transformer_knows_the_order_of_the_steps() -> None:
    encoder = TransformerActionEncoder(HORIZON, ACTION_DIM, 16, 1, 10, HEADS)
    actions = torch.from_numpy(ACTIONS).float()
    assert not torch.allclose(encoder(actions), encoder(actions.flip(1)), atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_half_precision_differs_by_its_rounding_only(kind: str) -> None:
    encoder, actions = KINDS[kind][0](), torch.from_numpy(ACTIONS).float()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        half = encoder(actions)
    expected = encoder(actions)
    assert half.shape == expected.shape
    assert (half.float() - expected).abs().max() < 0.05 * expected.abs().max()
