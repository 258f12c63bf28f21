"""Direct regression: the decoder turns the vision latent into the chunk, and nothing flows."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from vita_dataset.stats import FeatureStats
from vita_train.policy.config import VitaConfig
from vita_train.policy.losses import reconstruction_loss
from vita_train.policy.vita import PAD_KEY, VitaPolicy


class RegressionPolicy(VitaPolicy):
    """VITA's observer, vision latent and action decoder, trained by the absolute error of the chunk."""

    def __init__(self, config: VitaConfig, stats: Mapping[str, FeatureStats] | None) -> None:
        super().__init__(config, stats)
        del self.action_encoder, self.flow_net

    def flow(self, z_obs: Tensor) -> Tensor:
        """The vision latents [B, Z] as they are."""
        return z_obs

    def latent_losses(
        self,
        z_obs: Tensor,
        batch: Mapping[str, Tensor],
        generator: torch.Generator | None = None,  # noqa: ARG002  (every policy takes it)
        times: Tensor | None = None,  # noqa: ARG002  (every policy takes it)
        noise: Tensor | None = None,  # noqa: ARG002  (every policy takes it)
    ) -> dict[str, Tensor]:
        """The mean absolute error over recorded steps, in normalised units; nothing is drawn."""
        actions = self.normalize_targets[self.config.action_key].normalize(batch[self.config.action_key])
        loss = reconstruction_loss(self.action_decoder(z_obs), actions, batch[PAD_KEY], "l1")
        return {"loss": loss, "recon_loss": loss}
