"""Which losses the settings leave, and which parts of the network they teach."""

from __future__ import annotations

from vita_train.policy.config import VitaConfig


def decodes_flow(config: VitaConfig) -> bool:
    """Whether the consistency and flow reconstruction losses exist: the flow is followed, and both its ends learn."""
    autoencoder = config.action_ae
    return config.decode_flow_latents and not (autoencoder.freeze_encoder or autoencoder.freeze_decoder)


def contrasts_flow(config: VitaConfig) -> bool:
    """Whether the contrastive loss of the predicted latents exists."""
    return config.decode_flow_latents and config.flow_contrastive_weight > 0 and not both_frozen(config)


def untaught_parts(config: VitaConfig) -> tuple[str, ...]:
    """The parts that would learn, were there a loss whose gradient reaches them: "vision", "action decoder"."""
    parts = []
    if not (vision_meets_actions(config) or contrasts(config)):
        parts.append("vision")
    autoencoder = config.action_ae
    decoded = autoencoder.enc_recon_weight > 0 or (decodes_flow(config) and autoencoder.flow_recon_weight > 0)
    if not (decoded or autoencoder.freeze_decoder):
        parts.append("action decoder")
    return tuple(parts)


def vision_meets_actions(config: VitaConfig) -> bool:
    """Whether a loss teaches vision what the actions are: on the flow's paths, or by what the flow makes of it."""
    followed = config.consistency_weight > 0 or config.action_ae.flow_recon_weight > 0
    return config.flow_matcher.name != "target" or (decodes_flow(config) and followed)


def contrasts(config: VitaConfig) -> bool:
    """Whether vision has a contrastive loss."""
    return config.enc_contrastive_weight > 0 or contrasts_flow(config)


def both_frozen(config: VitaConfig) -> bool:
    """Whether the flow between two fixed spaces is all there is to learn."""
    return config.action_ae.freeze_encoder and config.action_ae.freeze_decoder
