"""Variational encoders: Gaussians, what is drawn from them and how far they are from the standard one."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from policy_support import tiny_config

from vita_train.policy.action_autoencoder import build_action_encoder, encode_actions
from vita_train.policy.action_encoder import ActionEncoder
from vita_train.policy.config import ActionAutoencoderConfig
from vita_train.policy.gaussian import draw, kl_to_standard

KINDS = ("cnn", "transformer")
ACTIONS = torch.randn(4, 8, 2, generator=torch.Generator().manual_seed(0))
NUMBERS = arrays(np.float64, (3, 2), elements=st.floats(-4, 4))


def variational(kind: str) -> ActionEncoder:
    torch.manual_seed(1)
    settings = ActionAutoencoderConfig(
        encoder_type=kind, use_variational=True, enc_hidden_dim=32, num_layers=2, num_heads=4, kl_weight=1e-4
    )
    return build_action_encoder(tiny_config(action_ae=settings))


@given(NUMBERS, NUMBERS)
def test_the_distance_is_its_formula(mean: NDArray[np.float64], log_variance: NDArray[np.float64]) -> None:
    total = 0.0
    for sample in range(3):
        for mu, log in zip(mean[sample], log_variance[sample], strict=True):
            total += 0.5 * (mu**2 + math.exp(log) - 1 - log)
    ours = kl_to_standard(torch.from_numpy(mean), torch.from_numpy(log_variance)).item()
    assert ours == pytest.approx(total / 3, rel=1e-12, abs=1e-12)
    assert ours >= -1e-12


def test_the_standard_gaussian_has_no_distance() -> None:
    assert kl_to_standard(torch.zeros(2, 3), torch.zeros(2, 3)) == 0


def test_draws_have_the_gaussian_s_mean_and_deviation() -> None:
    mean, log_variance = torch.tensor([[1.0, -2.0]]), torch.tensor([[0.0, 2 * math.log(3.0)]])
    generator = torch.Generator().manual_seed(0)
    draws = draw(mean.expand(20_000, 2), log_variance.expand(20_000, 2), generator)
    assert torch.allclose(draws.mean(dim=0), mean[0], atol=0.15)
    assert torch.allclose(draws.std(dim=0), torch.tensor([1.0, 3.0]), rtol=0.05)


def test_gradients_reach_mean_and_variance_through_a_draw() -> None:
    mean, log_variance = torch.zeros(2, 3, requires_grad=True), torch.zeros(2, 3, requires_grad=True)
    noise = draw(torch.zeros(2, 3), torch.zeros(2, 3), torch.Generator().manual_seed(5))
    draw(mean, log_variance, torch.Generator().manual_seed(5)).sum().backward()  # type: ignore[no-untyped-call]
    assert torch.equal(mean.grad, torch.ones(2, 3))  # type: ignore[arg-type]
    assert torch.allclose(log_variance.grad, 0.5 * noise)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_evaluation_takes_the_mean(kind: str) -> None:
    encoder = variational(kind).eval()
    before = torch.get_rng_state()
    latents, kl = encode_actions(encoder, ACTIONS)
    mean, log_variance = encoder(ACTIONS).chunk(2, dim=1)
    assert torch.equal(latents, mean)
    assert kl is not None
    assert torch.equal(kl, kl_to_standard(mean, log_variance))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("kind", KINDS)
def test_training_draws_from_the_generator_that_it_is_given(kind: str) -> None:
    encoder = variational(kind)
    before = torch.get_rng_state()
    first, again, other = (
        encode_actions(encoder, ACTIONS, torch.Generator().manual_seed(seed))[0] for seed in (3, 3, 4)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(3)
    own = encode_actions(encoder, ACTIONS)[0]
    assert torch.equal(own, first)


@pytest.mark.parametrize("kind", KINDS)
def test_half_precision_leaves_the_distance_in_full(kind: str) -> None:
    encoder = variational(kind).eval()
    with torch.autocast("cpu", torch.bfloat16):
        latents, kl = encode_actions(encoder, ACTIONS)
    assert kl is not None
    assert (latents.dtype, kl.dtype) == (torch.float32, torch.float32)


def test_a_deterministic_encoder_has_no_distance() -> None:
    assert encode_actions(build_action_encoder(tiny_config()), ACTIONS)[1] is None
