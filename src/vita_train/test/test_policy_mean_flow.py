from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_policy_mean_flow_net import Decay, alive
from torch import Tensor

from vita_train.policy.config import FlowMatcherConfig
from vita_train.policy.draws import Draws
from vita_train.policy.mean_flow import interval_times, mean_flow_losses
from vita_train.policy.mean_flow_net import MeanFlowNet

NAMES = ("mean", "improved_mean")
TIMES = torch.tensor([[0.9, 0.2], [0.5, 0.5], [0.7, 0.1], [0.3, 0.25]], dtype=torch.float64)


def draws(seed: int = 0) -> Draws:
    return Draws(torch.Generator().manual_seed(seed), torch.device("cpu"))


def latents(size: int = 4) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    z_obs, z_act = (torch.randn(size, 6, dtype=torch.float64, generator=generator) for _ in range(2))
    return z_obs, z_act


@torch.no_grad()
def by_differences(matcher: FlowMatcherConfig, net: MeanFlowNet, z_obs: Tensor, z_act: Tensor) -> float:
    """The loss by its formula, the derivative along the flow by differences."""
    t, r = TIMES.unbind(dim=1)
    z_t = (1 - t)[:, None] * z_act + t[:, None] * z_obs
    velocity = z_obs - z_act
    tangent = velocity if matcher.name == "mean" else net(z_t, t, torch.zeros_like(t)).v
    d = 1e-5

    def u(sign: int) -> Tensor:
        out: Tensor = net(z_t + sign * d * tangent, t + sign * d, t + sign * d - r).u
        return out

    change = ((u(1) - u(-1)) / (2 * d)).numpy()
    out = net(z_t, t, t - r)
    length = (t - r)[:, None].numpy()
    error = out.u.numpy() + length * change - velocity.numpy()
    if matcher.name == "mean":
        each = (error**2).mean(axis=1)
        return float((each / (each + 1e-3) ** (1 - matcher.adaptive_loss_gamma)).mean())

    def weighted(difference: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
        total = (difference**2).sum(axis=1)
        return float((total / (total + matcher.norm_eps) ** matcher.norm_p).mean())

    return weighted(error) + matcher.aux_v_loss_weight * weighted((out.v - velocity).numpy())


@pytest.mark.parametrize(
    "matcher",
    [
        FlowMatcherConfig("mean"),
        FlowMatcherConfig("mean", adaptive_loss_gamma=1.0),
        FlowMatcherConfig("mean", adaptive_loss_gamma=0.0),
        FlowMatcherConfig("improved_mean"),
        FlowMatcherConfig("improved_mean", aux_v_loss_weight=0.3, norm_eps=0.5, norm_p=0.75),
    ],
    ids=str,
)
def test_the_loss_is_its_formula(matcher: FlowMatcherConfig) -> None:
    net, (z_obs, z_act) = alive(), latents()
    loss = mean_flow_losses(matcher, net, z_obs, z_act, draws(), TIMES)["flow_loss"]
    assert loss.item() == pytest.approx(by_differences(matcher, net, z_obs, z_act), rel=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_a_network_that_is_right_has_no_loss(name: str) -> None:
    # Pairs whose straight line has the velocity of the field, 0.8 z, at t.
    z, t = latents()[0], TIMES[:, :1]
    z_obs, z_act = z * (1 + 0.8 * (1 - t)), z * (1 - 0.8 * t)
    right, wrong = (
        mean_flow_losses(FlowMatcherConfig(name), Decay(rate), z_obs, z_act, draws(), TIMES)["flow_loss"].item()  # type: ignore[arg-type]
        for rate in (0.8, 0.7)
    )
    assert right < 1e-12
    assert wrong > 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_is_that_of_the_loss_with_its_constants_held(name: str) -> None:
    """What stands still in the gradient: the target, the weights, the change along the flow and the tangent."""
    matcher, net, (z_obs, z_act) = FlowMatcherConfig(name), alive(), latents()
    z_obs.requires_grad_()
    z_act.requires_grad_()
    mean_flow_losses(matcher, net, z_obs, z_act, draws(), TIMES)["flow_loss"].backward()  # type: ignore[no-untyped-call]
    ours = [
        each.grad.clone() for each in (z_obs, z_act, net.u_head.weight, net.input_proj.weight) if each.grad is not None
    ]
    assert len(ours) == 4

    for each in (z_obs, z_act, *net.parameters()):
        each.grad = None
    t, r = TIMES.unbind(dim=1)
    z_t, velocity, length = (1 - t)[:, None] * z_act + t[:, None] * z_obs, z_obs - z_act, (t - r)[:, None]
    out, d = net(z_t, t, t - r), 1e-5
    with torch.no_grad():
        tangent = velocity if name == "mean" else net(z_t, t, torch.zeros_like(t)).v
        change = (
            net(z_t + d * tangent, t + d, t + d - r).u - net(z_t - d * tangent, t - d, t - d - r).u
        ) / (2 * d)  # fmt: skip
    if name == "mean":
        error = (out.u - (velocity - length * change).detach()).square().mean(dim=1)
        loss = (error / (error.detach() + 1e-3).sqrt()).mean()
    else:
        errors = [(each - velocity).square().sum(dim=1) for each in (out.u + length * change, out.v)]
        loss = sum(((error / (error.detach() + 0.01)).mean() for error in errors), torch.zeros(()))
    loss.backward()
    for mine, each in zip(ours, (z_obs, z_act, net.u_head.weight, net.input_proj.weight), strict=True):
        torch.testing.assert_close(mine, each.grad, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_the_loss_needs_no_gradient(name: str, mode: type[torch.no_grad]) -> None:
    net, matcher = alive().float(), FlowMatcherConfig(name)
    z_obs, z_act = (each.float() for each in latents())
    expected = mean_flow_losses(matcher, net, z_obs, z_act, draws())["flow_loss"]
    with mode():
        ours = mean_flow_losses(matcher, net, z_obs.clone(), z_act.clone(), draws())["flow_loss"]
    torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("name", NAMES)
def test_half_precision_is_near(name: str) -> None:
    net, matcher = alive().float(), FlowMatcherConfig(name)
    z_obs, z_act = (each.float().requires_grad_() for each in latents())
    whole = mean_flow_losses(matcher, net, z_obs, z_act, draws())["flow_loss"]
    with torch.autocast("cpu", torch.bfloat16):
        half = mean_flow_losses(matcher, net, z_obs, z_act, draws())["flow_loss"]
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, whole, rtol=0.05, atol=0.05)
    # The pass without gradient must leave nothing behind in autocast's memory of weights.
    weights = (net.input_proj.weight, net.u_head.weight)
    for ours, expected in zip(torch.autograd.grad(half, weights), torch.autograd.grad(whole, weights), strict=True):
        assert (ours - expected).norm() < 0.1 * expected.norm()


@pytest.mark.parametrize("name", NAMES)
def test_parts_are_reported_and_dispersion_is_one_of_them(name: str) -> None:
    net, (z_obs, z_act) = alive(), latents()
    plain, spread = (
        mean_flow_losses(FlowMatcherConfig(name, dispersive_weight=weight), net, z_obs, z_act, draws(), TIMES)
        for weight in (0.0, 0.25)
    )
    own = {"velocity_loss"} if name == "improved_mean" else set()
    assert plain.keys() == {"flow_loss"} | own
    assert spread.keys() == {"flow_loss", "dispersive_loss"} | own
    expected = plain["flow_loss"] + 0.25 * spread["dispersive_loss"]
    torch.testing.assert_close(spread["flow_loss"], expected)


@given(st.integers(1, 50), st.floats(0, 1), st.integers(0, 999))
@settings(deadline=None, max_examples=20)
def test_intervals_are_ordered_and_as_many_as_asked_have_no_length(count: int, ratio: float, seed: int) -> None:
    t, r = interval_times(count, ratio, draws(seed))
    assert ((r >= 0) & (r <= t) & (t <= 1)).all()
    # Two draws that are equal by themselves have not been seen in float32; they would only add to the count.
    assert int((t == r).sum()) >= int(ratio * count)
    again = interval_times(count, ratio, draws(seed))
    assert torch.equal(torch.stack((t, r)), torch.stack(again))


def test_instants_are_a_share_of_the_batch_anywhere_in_it() -> None:
    t, r = interval_times(1000, 0.25, draws())
    instant = t == r
    assert int(instant.sum()) == 250
    assert instant[:500].any()
    assert instant[500:].any()
    # sigmoid(-0.4) is the median of each draw; the larger of two lies above it three times out of four.
    assert (t > 1 / (1 + np.exp(0.4))).float().mean() == pytest.approx(0.75, abs=0.08)


def test_times_are_logit_normal() -> None:
    generator = torch.Generator().manual_seed(5)
    first, second = (1 / (1 + np.exp(0.4 - torch.randn(8, generator=generator).double().numpy())) for _ in range(2))
    t, r = interval_times(8, 0.0, draws(5))
    np.testing.assert_allclose(t, np.maximum(first, second), rtol=1e-6)
    np.testing.assert_allclose(r, np.minimum(first, second), rtol=1e-6)
