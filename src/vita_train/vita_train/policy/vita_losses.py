"""What VITA is trained with: which losses the settings ask for, and their weighted sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from vita_train.policy.action_autoencoder import encode_actions
from vita_train.policy.draws import Draws
from vita_train.policy.flow_matching import FlowMatching
from vita_train.policy.losses import info_nce, reconstruction_loss
from vita_train.policy.reach import both_frozen, contrasts_flow, decodes_flow

if TYPE_CHECKING:
    from vita_train.policy.vita import VitaPolicy

Terms = dict[str, tuple[float, Tensor]]
"""Losses by name: weight and value."""


def vita_losses(
    policy: VitaPolicy,
    z_obs: Tensor,
    actions: Tensor,
    is_pad: Tensor | None = None,
    generator: torch.Generator | None = None,
    times: Tensor | None = None,
    noise: Tensor | None = None,
) -> dict[str, Tensor]:
    """The losses of a batch; see ``VitaPolicy.compute_loss``.

    Args:
        policy: the policy.
        z_obs: vision latents float32 [B, Z].
        actions: normalised, [B, T, A]. The action encoder sees all T steps, beyond an episode's end too: a chunk
            whose last action is repeated is what the policy is to predict there.
        is_pad: bool [B, T], True for steps that do not count in the reconstruction losses; None when all count.
        generator: where latents, times and noise are drawn from; torch's own when None.
        times: flow times to use instead of drawn ones.
        noise: flow noise [B, Z] to use instead of drawn numbers.

    Returns:
        Scalars by name, their weighted sum as "loss".
    """
    config, autoencoder = policy.config, policy.config.action_ae
    z_act, kl = encode_actions(policy.action_encoder, actions, generator)
    matching = FlowMatching(config.flow_matcher, z_obs, z_act)
    terms: Terms = {}
    if config.enc_contrastive_weight:
        terms["enc_contrastive_loss"] = (config.enc_contrastive_weight, info_nce(z_obs, z_act))
    # With both ends frozen, the flow between them is all there is to learn.
    if not both_frozen(config):
        terms |= _action_terms(policy, z_obs, z_act, actions, is_pad)
        if kl is not None:
            terms["kl_loss"] = (autoencoder.kl_weight, kl)
    # Last, because a matcher may have to wait for the CPU: the device has work meanwhile.
    flow = matching.losses(policy.flow_net, Draws(generator, z_obs.device), times, noise)
    terms = {"flow_loss": (1.0, flow["flow_loss"]), **terms}
    # What has no weight is only looked at: were it infinite, 0 times it would not be 0.
    total = torch.stack([weight * value for weight, value in terms.values() if weight]).sum()
    return {"loss": total} | flow | {name: value for name, (_, value) in terms.items()}


def _action_terms(policy: VitaPolicy, z_obs: Tensor, z_act: Tensor, actions: Tensor, is_pad: Tensor | None) -> Terms:
    """The losses for which latents are decoded or the flow is followed."""
    config, autoencoder = policy.config, policy.config.action_ae

    def reconstruction(latents: Tensor) -> Tensor:
        return reconstruction_loss(policy.action_decoder(latents), actions, is_pad, autoencoder.recon_loss_type)

    terms: Terms = {}
    if decodes_flow(config) or contrasts_flow(config):
        z_pred = policy.flow(z_obs)
        if decodes_flow(config):
            terms["consistency_loss"] = (config.consistency_weight, F.mse_loss(z_pred, z_act))
            terms["flow_action_recon_loss"] = (autoencoder.flow_recon_weight, reconstruction(z_pred))
        if contrasts_flow(config):
            terms["flow_contrastive_loss"] = (config.flow_contrastive_weight, info_nce(z_obs, z_pred))
    terms["enc_action_recon_loss"] = (autoencoder.enc_recon_weight, reconstruction(z_act))
    return terms
