"""A plain flow-matching policy: noise flows to the action chunk, and the vision latent says to which."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from vita_dataset.stats import FeatureStats
from vita_train.policy.config import VitaConfig
from vita_train.policy.draws import Draws
from vita_train.policy.flow import FlowNet, integrate
from vita_train.policy.losses import reconstruction_loss
from vita_train.policy.vita import PAD_KEY, VitaPolicy


class ConditionedFlowNet(FlowNet):
    """VITA's velocity network, whose blocks follow time and vision latent instead of time alone."""

    def __init__(self, size: int, latent_dim: int, hidden_dim: int, num_layers: int, mlp_ratio: float) -> None:
        super().__init__(size, hidden_dim, num_layers, mlp_ratio)
        self.condition_proj = nn.Linear(latent_dim, hidden_dim)

    def velocity(self, x: Tensor, t: Tensor, z_obs: Tensor) -> Tensor:
        """Velocity [B, size] at points x [B, size] and times t [B or 1] under vision latents [B, Z]."""
        condition = self.time_embed(t) + self.condition_proj(z_obs)
        h = self.input_proj(x)
        for layer in self.layers:
            h = layer(h, condition)
        velocity: Tensor = self.out_proj(self.norm(h))
        return velocity


class NoiseFlowPolicy(VitaPolicy):
    """VITA's observer and vision latent, then flow matching from noise (Lipman et al. 2023) in the space of actions.

    Without latents of actions there is neither action encoder nor decoder. As many Euler steps as VITA has.
    """

    def __init__(self, config: VitaConfig, stats: Mapping[str, FeatureStats] | None) -> None:
        super().__init__(config, stats)
        del self.action_encoder, self.action_decoder, self.flow_net
        net, self._chunk = config.flow_net, (config.pred_horizon, config.action_dim)
        size = config.pred_horizon * config.action_dim
        self.velocity_net = ConditionedFlowNet(size, config.latent_dim, net.hidden_dim, net.num_layers, net.mlp_ratio)
        # What flows is the chunk itself.
        self.action_decoder = nn.Unflatten(1, self._chunk)

    def flow(self, z_obs: Tensor) -> Tensor:
        """Vision latents [B, Z] to flat normalised chunks [B, T A], from noise drawn by torch's own generator."""
        noise = Draws(None, z_obs.device).normal((len(z_obs), self._chunk[0] * self._chunk[1]))
        steps = self.config.flow_matcher.num_sampling_steps
        return integrate(lambda x, t: self.velocity_net.velocity(x, t, z_obs), noise, steps)

    def latent_losses(
        self,
        z_obs: Tensor,
        batch: Mapping[str, Tensor],
        generator: torch.Generator | None = None,
        times: Tensor | None = None,
        noise: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """The squared error of the velocity on straight paths from noise to the recorded chunks."""
        key, draws = self.config.action_key, Draws(generator, z_obs.device)
        actions = self.normalize_targets[key].normalize(batch[key]).flatten(1)
        t = draws.uniform(len(actions)) if times is None else times
        noise = draws.normal(actions.shape) if noise is None else noise
        x_t = t[:, None] * actions + (1 - t)[:, None] * noise
        velocity = self.velocity_net.velocity(x_t, t, z_obs)
        predicted, wanted = (each.reshape(-1, *self._chunk) for each in (velocity, actions - noise))
        loss = reconstruction_loss(predicted, wanted, batch[PAD_KEY], "l2")
        return {"loss": loss, "flow_loss": loss}
