"""VITA: the vision latent flows to the action latent (arXiv 2507.13231).

An observation is encoded to a latent z_obs, an action chunk to z_act; a velocity network carries the first to the
second, and a decoder turns the result into actions. A prediction has no noise: the same observation gives the same
actions.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from vita_dataset.stats import FeatureStats
from vita_train.policy.action_autoencoder import build_action_decoder, build_action_encoder
from vita_train.policy.config import VitaConfig
from vita_train.policy.flow_nets import build_flow_net, carry
from vita_train.policy.keypoint_net import KeypointNet
from vita_train.policy.normalizer import FeatureScales
from vita_train.policy.resnet import ResNet18
from vita_train.policy.vision import Observer
from vita_train.policy.vita_losses import vita_losses

PAD_KEY = "action_is_pad"


class VitaPolicy(nn.Module):
    """The whole policy, from uint8 images and robot units to robot units.

    ``train()`` draws a crop for each image, dropout, and the latents of a variational encoder; with ``eval()`` the crop
    is central, and only the times and noise of the flow's loss are random. The default network's names in
    ``state_dict`` are those of the published code.
    """

    def __init__(self, config: VitaConfig, stats: Mapping[str, FeatureStats] | None = None) -> None:
        """Builds the network with random weights.

        Args:
            config: the settings.
            stats: statistics of every image, state and action key; None when a state_dict is about to be loaded.

        Raises:
            UsageError: a key has no statistics, or statistics of another size.
        """
        super().__init__()
        self.config = config
        inputs: dict[str, tuple[int, ...]] = dict.fromkeys(config.image_keys, (3, 1, 1))
        inputs[config.state_key] = (config.state_dim,)
        actions = {config.action_key: (config.action_dim,)}
        self.normalize_inputs = FeatureScales(inputs, stats)
        self.normalize_targets = FeatureScales(actions, stats)
        self.unnormalize_outputs = FeatureScales(actions, stats, constant_std=0.0)

        backbone = KeypointNet() if config.observer == "small" else ResNet18()
        self.observer = Observer(config.resize_shape, config.crop_shape, backbone)
        features = config.obs_horizon * (config.state_dim + backbone.features * len(config.image_keys))
        self.obs_encoder = nn.Linear(features, config.latent_dim)
        self.action_encoder = build_action_encoder(config)
        self.action_decoder = build_action_decoder(config)
        self.flow_net = build_flow_net(config)

    def encode_observation(
        self, images: Mapping[str, Tensor], state: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        """The vision latent.

        Args:
            images: camera key -> uint8 [B, O, H, W, 3] RGB, the oldest of the O observations first.
            state: float32 [B, O, S], robot units.
            generator: where what training varies in the images is drawn from; torch's own when None.

        Returns:
            z_obs [B, Z].
        """
        scales = self.normalize_inputs
        cameras = [self.observer.prepare(images[key], scales[key], generator) for key in self.config.image_keys]
        features = self.observer(cameras, scales[self.config.state_key].normalize(state))
        latents: Tensor = self.obs_encoder(features)
        # Under autocast the layer gives half precision, in which the Euler steps would add up their rounding.
        return latents.float()

    def flow(self, z_obs: Tensor) -> Tensor:
        """Carry vision latents [B, Z] to predicted action latents [B, Z]."""
        return carry(self.flow_net, z_obs, self.config.flow_matcher.num_sampling_steps)

    def predict(self, images: Mapping[str, Tensor], state: Tensor) -> Tensor:
        """Action chunks for observations.

        Args:
            images: camera key -> uint8 [B, O, H, W, 3] RGB, the oldest of the O observations first.
            state: float32 [B, O, S], robot units.

        Returns:
            Float32 [B, T, A], robot units.
        """
        actions = self.action_decoder(self.flow(self.encode_observation(images, state)))
        return self.unnormalize_outputs[self.config.action_key].unnormalize(actions.float())

    def compute_loss(
        self,
        batch: Mapping[str, Tensor],
        generator: torch.Generator | None = None,
        times: Tensor | None = None,
        noise: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """The training losses of a batch.

        Args:
            batch: each image key -> uint8 [B, O, H, W, 3]; the state key -> float32 [B, O, S]; the action key ->
                float32 [B, T, A], robot units; optionally "action_is_pad" -> bool [B, T], True beyond an episode's end.
            generator: where crops, variational latents, times and noise are drawn from; torch's own when None.
            times: flow times [B] in [0, 1] to use instead of drawn ones, for a loss that can be compared; of a mean
                flow [B, 2], t and r <= t.
            noise: standard normal [B, Z] for the matchers with noise, instead of drawn numbers.

        Returns:
            Scalars "loss" (weighted sum), "flow_loss" and, where the settings ask for them, "consistency_loss",
            "flow_action_recon_loss", "enc_action_recon_loss", "kl_loss" and the contrastive losses whose weight is not
            0. Mean flows add "velocity_loss" and "dispersive_loss", which are parts of "flow_loss".
        """
        z_obs = self.encode_observation(batch, batch[self.config.state_key], generator)
        return self.latent_losses(z_obs, batch, generator, times, noise)

    def latent_losses(
        self,
        z_obs: Tensor,
        batch: Mapping[str, Tensor],
        generator: torch.Generator | None = None,
        times: Tensor | None = None,
        noise: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """The losses that follow from vision latents z_obs [B, Z]; arguments and result as in ``compute_loss``."""
        key = self.config.action_key
        actions = self.normalize_targets[key].normalize(batch[key])
        is_pad = batch.get(PAD_KEY) if self.config.mask_padding else None
        return vita_losses(self, z_obs, actions, is_pad, generator, times, noise)
