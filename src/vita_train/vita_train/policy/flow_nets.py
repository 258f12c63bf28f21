"""Which flow network a policy has, and how it is followed."""

from __future__ import annotations

from torch import Tensor

from vita_train.policy.config import VitaConfig
from vita_train.policy.config_checks import MEAN_NET
from vita_train.policy.flow import FlowNet, integrate
from vita_train.policy.mean_flow_net import MeanFlowNet, integrate_mean


def build_flow_net(config: VitaConfig) -> FlowNet | MeanFlowNet:
    """The network that the settings name, with random weights."""
    settings = config.flow_net
    sizes = (config.latent_dim, settings.hidden_dim, settings.num_layers, settings.mlp_ratio, settings.dropout)
    if settings.name != MEAN_NET:
        return FlowNet(*sizes)
    net = MeanFlowNet(*sizes)
    # Only "improved_mean" asks for the velocity itself; a weight that waits for a gradient in vain stops distributed
    # training.
    net.v_head.requires_grad_(config.flow_matcher.name == "improved_mean")
    return net


def carry(net: FlowNet | MeanFlowNet, z_obs: Tensor, steps: int) -> Tensor:
    """Vision latents float32 [B, Z] to predicted action latents [B, Z]; differentiable."""
    return integrate_mean(net, z_obs, steps) if isinstance(net, MeanFlowNet) else integrate(net, z_obs, steps)
