from __future__ import annotations

import policy_support  # noqa: F401 - one thread
import pytest
import torch
from serving_support import randomized
from torch import Tensor

from vita_train.policy.config import FlowMatcherConfig
from vita_train.policy.coupling import Pairing
from vita_train.policy.draws import Draws
from vita_train.policy.flow import FlowNet
from vita_train.policy.flow_matching import FlowMatching
from vita_train.policy.flow_paths import bridge, from_noise, straight

MATCHERS = [
    FlowMatcherConfig("conditional"),
    FlowMatcherConfig("conditional", sigma=0.2),
    FlowMatcherConfig("exact"),
    FlowMatcherConfig("target"),
    FlowMatcherConfig("schrodinger", sigma=0.2),
]
TIMES = torch.linspace(0.1, 0.9, 6)


def latents() -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    z_obs, z_act, noise = (torch.randn(6, 8, generator=generator) for _ in range(3))
    return z_obs.requires_grad_(), z_act.requires_grad_(), noise


def net() -> FlowNet:
    torch.manual_seed(0)
    made = randomized(FlowNet(8, 16, 2, 2.0))
    assert isinstance(made, FlowNet)
    return made


def draws(seed: int) -> Draws:
    return Draws(torch.Generator().manual_seed(seed), torch.device("cpu"))


def flow_loss(
    matcher: FlowMatcherConfig, seed: int, times: Tensor | None = None, noise: Tensor | None = None
) -> Tensor:
    z_obs, z_act, _ = latents()
    losses = FlowMatching(matcher, z_obs, z_act).losses(net(), draws(seed), times, noise)
    assert losses.keys() == {"flow_loss"}
    return losses["flow_loss"]


@pytest.mark.parametrize("matcher", MATCHERS, ids=lambda matcher: f"{matcher.name}-{matcher.sigma}")
def test_the_loss_is_the_error_of_the_velocity_on_the_path(matcher: FlowMatcherConfig) -> None:
    z_obs, z_act, noise = latents()
    if matcher.name in ("exact", "schrodinger"):
        pairs = Pairing(z_obs, z_act).result()
        assert not torch.equal(pairs, torch.arange(6))
        z_act = z_act[pairs]
    if matcher.name == "target":
        x_t, velocity = from_noise(z_act, TIMES, noise, matcher.sigma)
    elif matcher.name == "schrodinger":
        x_t, velocity = bridge(z_obs, z_act, TIMES, noise, matcher.sigma)
    else:
        x_t, velocity = straight(z_obs, z_act, TIMES, noise, matcher.sigma)
    expected = (net()(x_t, TIMES) - velocity).square().mean()
    torch.testing.assert_close(flow_loss(matcher, 0, TIMES, noise), expected)


@pytest.mark.parametrize("matcher", MATCHERS, ids=lambda matcher: f"{matcher.name}-{matcher.sigma}")
def test_everything_random_comes_from_the_generator(matcher: FlowMatcherConfig) -> None:
    torch.manual_seed(1)
    first = flow_loss(matcher, 7)
    torch.manual_seed(2)
    assert torch.equal(flow_loss(matcher, 7), first)
    assert not torch.equal(flow_loss(matcher, 8), first)


@pytest.mark.parametrize("matcher", MATCHERS, ids=lambda matcher: f"{matcher.name}-{matcher.sigma}")
def test_both_ends_learn_but_vision_from_noise(matcher: FlowMatcherConfig) -> None:
    z_obs, z_act, _ = latents()
    loss = FlowMatching(matcher, z_obs, z_act).losses(net(), draws(0))["flow_loss"]
    loss.backward()  # type: ignore[no-untyped-call]
    assert z_act.grad is not None
    assert z_act.grad.any(dim=1).all()
    if matcher.name == "target":
        assert z_obs.grad is None
    else:
        assert z_obs.grad is not None
        assert z_obs.grad.any(dim=1).all()


def test_without_noise_nothing_but_times_is_drawn() -> None:
    generator = torch.Generator().manual_seed(0)
    z_obs, z_act, _ = latents()
    FlowMatching(FlowMatcherConfig(), z_obs, z_act).losses(net(), Draws(generator, z_obs.device))
    expected = torch.Generator().manual_seed(0)
    torch.rand(6, generator=expected)
    assert torch.equal(generator.get_state(), expected.get_state())
