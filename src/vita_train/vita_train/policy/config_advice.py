"""Settings of a policy that are allowed, but will not make it useful: what to say of them when a run begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from vita_train.policy.config import FlowMatcherConfig, VitaConfig
from vita_train.policy.config_checks import MEAN_MATCHERS
from vita_train.policy.reach import both_frozen, contrasts, untaught_parts, vision_meets_actions

COMMON = ("name", "sigma", "num_sampling_steps")
"""Settings of a matcher that are not for mean flows alone."""


def policy_advice(config: VitaConfig) -> Iterator[str]:
    """One sentence, with the remedy, for each thing that is worth a second look before a new policy is trained."""
    yield from _random_parts(config)
    if not vision_meets_actions(config):
        taught = "only to tell samples apart" if contrasts(config) else "nothing"
        yield (
            "policy.flow_matcher.name=target learns from noise, and no loss follows its flow from what the cameras "
            f"see to the actions: the vision part learns {taught}; set policy.vita.decode_flow_latents=true with "
            "policy.vita.consistency_weight=1.0 and freeze neither encoder nor decoder, or take another matcher"
        )
    if config.flow_matcher.name == "improved_mean" and not config.flow_matcher.aux_v_loss_weight:
        yield (
            "policy.flow_matcher.aux_v_loss_weight=0 leaves the network's own velocity, along which improved_mean "
            "learns, at 0; set it to 1.0"
        )
    for setting, reason in _idle_settings(config):
        yield f"{setting} does nothing {reason}; leave it out"


def _random_parts(config: VitaConfig) -> Iterator[str]:
    autoencoder = config.action_ae
    frozen = {"encoder": autoencoder.freeze_encoder, "decoder": autoencoder.freeze_decoder}
    for part in (name for name, is_frozen in frozen.items() if is_frozen):
        yield (
            f"policy.action_ae.freeze_{part}=true keeps the random weights with which the action {part} begins; leave "
            "it out unless that is what you compare with"
        )
    if "action decoder" in untaught_parts(config):
        yield (
            "no loss trains the action decoder, so it keeps its random weights and predictions mean nothing; set "
            "policy.action_ae.enc_recon_weight=0.5"
        )


def _idle_settings(config: VitaConfig) -> Iterator[tuple[str, str]]:
    """Settings that were changed in vain, and why."""
    matcher, autoencoder = config.flow_matcher, config.action_ae
    if matcher.name in MEAN_MATCHERS:
        if matcher.sigma:
            yield "policy.flow_matcher.sigma", f"with {matcher.name}, whose paths have no noise"
    else:
        for setting in fields(FlowMatcherConfig):
            if setting.name not in COMMON and getattr(matcher, setting.name) != setting.default:
                yield f"policy.flow_matcher.{setting.name}", f"with {matcher.name}, which is no mean flow"
    if both_frozen(config) and config.flow_contrastive_weight:
        yield "policy.vita.flow_contrastive_weight", "while action encoder and decoder are both frozen"
    if autoencoder.freeze_encoder and autoencoder.kl_weight:
        yield "policy.action_ae.kl_weight", "while the action encoder is frozen"
    if autoencoder.dropout and autoencoder.encoder_type == autoencoder.decoder_type == "cnn":
        yield "policy.action_ae.net.dropout", "in convolutions"
