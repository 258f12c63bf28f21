"""The losses of the mean flows: the mean velocity of an interval is learnt from its own derivative.

The mean velocity u over an interval [r, t] and the velocity v at t obey u = v - (t - r) du/dt (Geng et al. 2025, "Mean
Flows for One-step Generative Modeling"), where du/dt follows the flow and is a product of the network's Jacobian with
the tangent (v, 1, 0) of (z, t, r). Time is 1 at the vision latent and 0 at the action latent.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import jvp

from vita_train.policy.config import FlowMatcherConfig
from vita_train.policy.draws import Draws
from vita_train.policy.losses import dispersive_loss
from vita_train.policy.mean_flow_net import MeanFlowNet, MeanFlowOut

TIME_MEAN = -0.4
"""Of the normal distribution whose sigmoid times are drawn from; its standard deviation is 1."""

SMALL_ERROR = 1e-3
"""Added to a sample's error before it divides, in the adaptive weights of "mean"."""


def mean_flow_losses(
    matcher: FlowMatcherConfig,
    net: MeanFlowNet,
    z_obs: Tensor,
    z_act: Tensor,
    draws: Draws,
    times: Tensor | None = None,
) -> dict[str, Tensor]:
    """The loss of a batch under "mean" or "improved_mean".

    Args:
        matcher: the settings.
        net: the network.
        z_obs: vision latents float32 [B, Z].
        z_act: action latents float32 [B, Z].
        draws: where the times come from.
        times: [B, 2] to use instead of drawn ones: t and r <= t of each sample.

    Returns:
        Scalars: "flow_loss", all of it, and those of its parts that exist: "velocity_loss" of the network's own
        velocity, and "dispersive_loss".
    """
    t, r = interval_times(len(z_obs), matcher.flow_ratio, draws) if times is None else times.to(z_obs).unbind(dim=1)
    z_t = (1 - t)[:, None] * z_act + t[:, None] * z_obs
    velocity, length = z_obs - z_act, (t - r)[:, None]
    parts: dict[str, Tensor] = {}
    if matcher.name == "mean":
        out, change = _along(net, z_t, t, r, velocity)
        # The target stands still, or the network could bend it towards what it says already.
        target = (velocity - length * change).detach()
        error = (out.u - target).square().mean(dim=1)
        weight = (error + SMALL_ERROR).pow(matcher.adaptive_loss_gamma - 1).detach()
        loss = (weight * error).mean()
    else:
        # The network's own velocity leads, as it will when there is no recorded action to lead.
        with torch.no_grad():
            own = net(z_t, t, torch.zeros_like(t)).v.to(z_t.dtype)
        out, change = _along(net, z_t, t, r, own)
        parts["velocity_loss"] = _weighted(matcher, out.v - velocity)
        loss = _weighted(matcher, out.u + length * change - velocity)
        loss = loss + matcher.aux_v_loss_weight * parts["velocity_loss"]
    if matcher.dispersive_weight:
        parts["dispersive_loss"] = dispersive_loss(out.features.flatten(1), matcher.dispersive_tau)
        loss = loss + matcher.dispersive_weight * parts["dispersive_loss"]
    return {"flow_loss": loss, **parts}


def interval_times(count: int, flow_ratio: float, draws: Draws) -> tuple[Tensor, Tensor]:
    """Where intervals begin and end: t >= r, [count] each, in (0, 1), logit-normal; a share of them has no length."""
    first, second = (torch.sigmoid(draws.normal((count,)) + TIME_MEAN) for _ in range(2))
    t, r = torch.maximum(first, second), torch.minimum(first, second)
    instant = draws.permutation(count) < int(flow_ratio * count)
    return t, torch.where(instant, t, r)


def _along(net: MeanFlowNet, z: Tensor, t: Tensor, r: Tensor, velocity: Tensor) -> tuple[MeanFlowOut, Tensor]:
    """What the network says, in the precision of z, and how its mean velocity changes along the flow: a constant."""

    def mean_velocity(z: Tensor, t: Tensor, r: Tensor) -> tuple[Tensor, MeanFlowOut]:
        out = MeanFlowOut(*(each.to(z.dtype) for each in net(z, t, t - r)))
        return out.u, out

    tangent = (velocity, torch.ones_like(t), torch.zeros_like(r))
    _, change, out = jvp(mean_velocity, (z, t, r), tangent, has_aux=True)  # type: ignore[misc]
    return out, change.detach()


def _weighted(matcher: FlowMatcherConfig, difference: Tensor) -> Tensor:
    """Squared errors of samples [B, Z], each divided by what it is itself, so that none outweighs the others."""
    error = difference.square().sum(dim=1)
    return (error / (error + matcher.norm_eps).pow(matcher.norm_p).detach()).mean()
