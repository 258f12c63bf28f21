"""The action decoders against their formulas."""

from __future__ import annotations

from collections.abc import Callable

import action_reference as reference
import numpy as np
import pytest
import torch
from action_reference import Array, Weights
from test_policy_action_encoders import randomised, weights_of
from torch import nn

from vita_train.policy.action_decoder_cnn import CnnActionDecoder
from vita_train.policy.action_decoder_simple import SimpleActionDecoder
from vita_train.policy.mlp import Mlp

HORIZON, ACTION_DIM, LATENT = 8, 3, 10
LATENTS = np.random.default_rng(3).standard_normal((2, LATENT))
KINDS: dict[str, tuple[Callable[[], nn.Module], Callable[[Array, Weights], Array]]] = {
    "cnn": (lambda: CnnActionDecoder(HORIZON, ACTION_DIM, 12, 2, LATENT), reference.cnn_decoder),
    "simple": (
        lambda: SimpleActionDecoder(HORIZON, ACTION_DIM, 12, 2, LATENT),
        lambda latents, weights: reference.simple_decoder(latents, weights, ACTION_DIM),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_it_computes_its_formula(kind: str) -> None:
    build, formula = KINDS[kind]
    decoder = randomised(build())
    actions = decoder(torch.from_numpy(LATENTS)).detach().numpy()
    assert actions.shape == (2, HORIZON, ACTION_DIM)
    np.testing.assert_allclose(actions, formula(LATENTS, weights_of(decoder)), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_convolutions_end_at_the_chunk_s_length(layers: int) -> None:
    decoder = CnnActionDecoder(HORIZON, ACTION_DIM, 6, layers, LATENT)
    assert decoder(torch.zeros(5, LATENT)).shape == (5, HORIZON, ACTION_DIM)
    assert decoder.latent_proj.out_features == 6 * HORIZON // 2**layers


def test_dropout_is_of_training_and_leaves_the_mean_alone() -> None:
    torch.manual_seed(0)
    mlp, x = Mlp(40, 40, dropout=0.25), torch.randn(3, 40)
    plain = Mlp(40, 40)
    plain.load_state_dict(mlp.state_dict())
    assert torch.equal(mlp.eval()(x), plain(x))
    draws = mlp.train()(x.expand(4000, 3, 40))
    assert (draws == 0).float().mean() == pytest.approx(0.25, abs=0.01)
    # The second layer is linear, so both dropouts keep its mean.
    assert torch.allclose(draws.mean(dim=0), plain(x), atol=0.08)


def test_the_decoder_s_dropout_is_off_when_it_serves() -> None:
    decoder, latents = SimpleActionDecoder(HORIZON, ACTION_DIM, 12, 2, LATENT, dropout=0.5), torch.randn(2, LATENT)
    assert not torch.equal(decoder(latents), decoder(latents))
    decoder.eval()
    assert torch.equal(decoder(latents), decoder(latents))
