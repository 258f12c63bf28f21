"""VITA: the vision latent flows to the action latent (arXiv 2507.13231).

An observation is encoded to a latent z_obs, an action chunk to z_act; a velocity network carries the first to the
second, and a decoder turns the result into actions. There is no noise: the same observation gives the same actions.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vita_dataset.stats import FeatureStats
from vita_train.policy.action_autoencoder import ActionDecoder, ActionEncoder
from vita_train.policy.config import VitaConfig
from vita_train.policy.coupling import optimal_pairs
from vita_train.policy.flow import FlowNet, integrate
from vita_train.policy.keypoint_net import KeypointNet
from vita_train.policy.losses import info_nce, masked_l1
from vita_train.policy.normalizer import FeatureScales
from vita_train.policy.resnet import ResNet18
from vita_train.policy.vision import Observer

PAD_KEY = "action_is_pad"


class VitaPolicy(nn.Module):
    """The whole policy, from uint8 images and robot units to robot units.

    ``train()`` and ``eval()`` only change the crop: random for each image, or central. The names of ``state_dict`` are
    those of the published code.
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

        ae, flow, latent = config.action_ae, config.flow_net, config.latent_dim
        chunk = (config.pred_horizon, config.action_dim)
        backbone = KeypointNet() if config.observer == "small" else ResNet18()
        self.observer = Observer(config.resize_shape, config.crop_shape, backbone)
        self.obs_encoder = nn.Linear(config.state_dim + backbone.features * len(config.image_keys), latent)
        self.action_encoder = ActionEncoder(*chunk, ae.enc_hidden_dim, ae.num_layers, latent)
        self.action_decoder = ActionDecoder(*chunk, ae.dec_hidden_dim, ae.num_layers, latent)
        self.flow_net = FlowNet(latent, flow.hidden_dim, flow.num_layers, flow.mlp_ratio)

    def encode_observation(
        self, images: Mapping[str, Tensor], state: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        """The vision latent.

        Args:
            images: camera key -> uint8 [B, H, W, 3] RGB.
            state: float32 [B, S], robot units.
            generator: where training crops are drawn from.

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
        return integrate(self.flow_net, z_obs, self.config.flow_matcher.num_sampling_steps)

    def predict(self, images: Mapping[str, Tensor], state: Tensor) -> Tensor:
        """Action chunks for observations.

        Args:
            images: camera key -> uint8 [B, H, W, 3] RGB.
            state: float32 [B, S], robot units.

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
    ) -> dict[str, Tensor]:
        """The training losses of a batch.

        Args:
            batch: each image key -> uint8 [B, H, W, 3]; the state key -> float32 [B, S]; the action key -> float32
                [B, T, A], robot units; optionally "action_is_pad" -> bool [B, T], True beyond an episode's end.
            generator: where crops, times and noise are drawn from; torch's own when None.
            times: flow times [B] in [0, 1] to use instead of drawn ones, for a loss that can be compared.

        Returns:
            Scalars "loss" (weighted sum), "flow_loss", "consistency_loss", "flow_action_recon_loss",
            "enc_action_recon_loss", and the contrastive losses whose weight is not 0.
        """
        z_obs = self.encode_observation(batch, batch[self.config.state_key], generator)
        return self.latent_losses(z_obs, batch, generator, times)

    def latent_losses(
        self,
        z_obs: Tensor,
        batch: Mapping[str, Tensor],
        generator: torch.Generator | None = None,
        times: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """The losses that follow from vision latents z_obs [B, Z]; arguments and result as in ``compute_loss``."""
        config = self.config
        actions = self.normalize_targets[config.action_key].normalize(batch[config.action_key])
        z_act = self.action_encoder(actions).float()
        z_pred = self.flow(z_obs)
        is_pad = batch.get(PAD_KEY) if config.mask_padding else None
        # Gradients flow into both ends of the path: the flow shapes the two latent spaces towards each other.
        terms = {
            "flow_loss": (1.0, self._flow_loss(z_obs, z_act, generator, times)),
            "consistency_loss": (config.consistency_weight, F.mse_loss(z_pred, z_act)),
            "flow_action_recon_loss": (
                config.action_ae.flow_recon_weight,
                masked_l1(self.action_decoder(z_pred), actions, is_pad),
            ),
            "enc_action_recon_loss": (
                config.action_ae.enc_recon_weight,
                masked_l1(self.action_decoder(z_act), actions, is_pad),
            ),
        }
        if config.enc_contrastive_weight:
            terms["enc_contrastive_loss"] = (config.enc_contrastive_weight, info_nce(z_obs, z_act))
        if config.flow_contrastive_weight:
            terms["flow_contrastive_loss"] = (config.flow_contrastive_weight, info_nce(z_obs, z_pred))
        total = torch.stack([weight * value for weight, value in terms.values()]).sum()
        return {"loss": total} | {name: value for name, (_, value) in terms.items()}

    def _flow_loss(
        self, z_obs: Tensor, z_act: Tensor, generator: torch.Generator | None, times: Tensor | None
    ) -> Tensor:
        """Flow matching on the straight path x_t = t z_act + (1 - t) z_obs, whose velocity is z_act - z_obs."""
        matcher = self.config.flow_matcher
        if matcher.name == "exact":
            z_act = z_act[optimal_pairs(z_obs, z_act)]
        source = z_obs.device if generator is None else generator.device
        t = torch.rand(len(z_obs), generator=generator, device=source) if times is None else times
        t = t.to(z_obs.device)
        x_t = t[:, None] * z_act + (1 - t)[:, None] * z_obs
        if matcher.sigma:
            noise = torch.randn(x_t.shape, generator=generator, device=source).to(x_t.device)
            x_t = x_t + matcher.sigma * noise
        return F.mse_loss(self.flow_net(x_t, t), z_act - z_obs)
