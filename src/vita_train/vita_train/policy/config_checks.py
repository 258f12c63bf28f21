"""What makes no sense among the settings of a policy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vita_train.policy.config import VitaConfig

OBSERVERS = ("resnet18", "small")
MEAN_MATCHERS = ("mean", "improved_mean")
FLOW_MATCHERS = ("conditional", "exact", "target", "schrodinger", *MEAN_MATCHERS)
SIMPLE_NETS = ("simple", "simple_flow_net")
MEAN_NET = "simple_mean_flow_net"
ENCODERS = ("cnn", "transformer", "simple")
DECODERS = ("simple", "cnn")
RECON_LOSSES = ("l1", "l2")


def settings_problems(config: VitaConfig) -> list[str]:
    """One sentence, with the remedy, for each setting that makes no sense by itself or beside the others."""
    checks = (_keys, _choices, _numbers, _images, _horizons, _flow, _autoencoder, _inner_widths)
    return [problem for check in checks for problem in check(config)]


def _keys(config: VitaConfig) -> Iterator[str]:
    if not config.image_keys:
        yield "image_keys is empty; name at least one camera"
    # The weights file names a feature's statistics with dots turned to underscores, so "a.b" and "a_b" would collide.
    names = [key.replace(".", "_") for key in (*config.image_keys, config.state_key, config.action_key)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        yield f"the keys {twice} are used more than once; give each camera, state and action its own key"


def _choices(config: VitaConfig) -> Iterator[str]:
    choices = {
        "observer": (config.observer, OBSERVERS),
        "flow_matcher.name": (config.flow_matcher.name, FLOW_MATCHERS),
        "flow_net.name": (config.flow_net.name, (*SIMPLE_NETS, MEAN_NET)),
        "action_ae.encoder_type": (config.action_ae.encoder_type, ENCODERS),
        "action_ae.decoder_type": (config.action_ae.decoder_type, DECODERS),
        "action_ae.recon_loss_type": (config.action_ae.recon_loss_type, RECON_LOSSES),
    }
    for name, (value, known) in choices.items():
        if value not in known:
            yield f"{name} '{value}' is not known; choose one of {list(known)}"


def _numbers(config: VitaConfig) -> Iterator[str]:
    matcher, net, autoencoder = config.flow_matcher, config.flow_net, config.action_ae
    positive = {
        "state_dim": config.state_dim,
        "action_dim": config.action_dim,
        "latent_dim": config.latent_dim,
        "resize_shape": min(config.resize_shape),
        "crop_shape": min(config.crop_shape),
        "obs_horizon": config.obs_horizon,
        "pred_horizon": config.pred_horizon,
        "flow_matcher.num_sampling_steps": matcher.num_sampling_steps,
        "flow_matcher.norm_eps": matcher.norm_eps,
        "flow_matcher.dispersive_tau": matcher.dispersive_tau,
        "flow_net.hidden_dim": net.hidden_dim,
        "flow_net.num_layers": net.num_layers,
        "flow_net.mlp_ratio": net.mlp_ratio,
        "action_ae.enc_hidden_dim": autoencoder.enc_hidden_dim,
        "action_ae.dec_hidden_dim": autoencoder.dec_hidden_dim,
        "action_ae.num_layers": autoencoder.num_layers,
        "action_ae.num_heads": autoencoder.num_heads,
        "action_ae.mlp_ratio": autoencoder.mlp_ratio,
    }
    weights = {
        "consistency_weight": config.consistency_weight,
        "enc_contrastive_weight": config.enc_contrastive_weight,
        "flow_contrastive_weight": config.flow_contrastive_weight,
        "flow_matcher.sigma": matcher.sigma,
        "flow_matcher.adaptive_loss_gamma": matcher.adaptive_loss_gamma,
        "flow_matcher.aux_v_loss_weight": matcher.aux_v_loss_weight,
        "flow_matcher.norm_p": matcher.norm_p,
        "flow_matcher.dispersive_weight": matcher.dispersive_weight,
        "action_ae.kl_weight": autoencoder.kl_weight,
        "action_ae.enc_recon_weight": autoencoder.enc_recon_weight,
        "action_ae.flow_recon_weight": autoencoder.flow_recon_weight,
    }
    yield from (f"{name} must be above 0, but is {value}" for name, value in positive.items() if not value > 0)
    yield from (f"{name} must be 0 or more, but is {value}" for name, value in weights.items() if not value >= 0)
    if not 0 <= matcher.flow_ratio <= 1:
        yield f"flow_matcher.flow_ratio must lie between 0 and 1, but is {matcher.flow_ratio}"
    for name, value in {"flow_net.dropout": net.dropout, "action_ae.dropout": autoencoder.dropout}.items():
        if not 0 <= value < 1:
            yield f"{name} must be 0 or more and below 1, but is {value}"


def _images(config: VitaConfig) -> Iterator[str]:
    if any(crop > size for crop, size in zip(config.crop_shape, config.resize_shape, strict=True)):
        yield (
            f"crop_shape {list(config.crop_shape)} does not fit into resize_shape {list(config.resize_shape)}; "
            "make the crop smaller or the resize larger"
        )


def _horizons(config: VitaConfig) -> Iterator[str]:
    if not 1 <= config.action_horizon <= config.pred_horizon:
        yield (
            f"action_horizon is {config.action_horizon}, but must lie between 1 and pred_horizon {config.pred_horizon}"
        )
    autoencoder = config.action_ae
    halved = [
        name
        for name, kind in {"encoder": autoencoder.encoder_type, "decoder": autoencoder.decoder_type}.items()
        if kind == "cnn"
    ]
    # No chunk can be halved 40 times; more layers than that need no larger number to say so.
    divisor = 2 ** min(autoencoder.num_layers, 40) if autoencoder.num_layers > 0 else 1
    if halved and config.pred_horizon % divisor:
        yield (
            f"pred_horizon {config.pred_horizon} is not a multiple of {divisor}, although each of "
            f"the {autoencoder.num_layers} layers (action_ae.num_layers) of a cnn {' and '.join(halved)} halves it; "
            "change one of the two"
        )


def _flow(config: VitaConfig) -> Iterator[str]:
    """Settings of flow matching that only make sense together."""
    matcher, net = config.flow_matcher, config.flow_net
    if matcher.name in MEAN_MATCHERS and net.name in SIMPLE_NETS:
        yield (
            f"flow_matcher.name {matcher.name} needs a network of two times; set flow_net.name={MEAN_NET} and, as "
            "published, flow_matcher.num_sampling_steps=1"
        )
    if matcher.name not in MEAN_MATCHERS and matcher.name in FLOW_MATCHERS and net.name == MEAN_NET:
        yield f"flow_net.name {MEAN_NET} is for the matchers {list(MEAN_MATCHERS)}; set flow_net.name=simple"
    if matcher.name == "schrodinger" and not matcher.sigma > 0:
        yield "flow_matcher.name schrodinger needs noise; set flow_matcher.sigma above 0, such as 0.1"
    if config.flow_contrastive_weight and not config.decode_flow_latents:
        yield "flow_contrastive_weight is for decode_flow_latents=true; set one of the two"


def _autoencoder(config: VitaConfig) -> Iterator[str]:
    """The same of the action encoder and decoder."""
    autoencoder = config.action_ae
    heads = autoencoder.num_heads
    if autoencoder.encoder_type == "transformer" and heads > 0 and autoencoder.enc_hidden_dim % (2 * heads):
        yield (
            f"action_ae.enc_hidden_dim {autoencoder.enc_hidden_dim} must be a multiple of twice the {heads} "
            "action_ae.num_heads; change one of the two"
        )
    if autoencoder.encoder_type == "simple":
        if autoencoder.use_variational:
            yield "action_ae.encoder_type simple has no variational form; choose cnn or transformer"
        if config.pred_horizon > 0 and config.latent_dim % config.pred_horizon:
            yield (
                f"latent_dim {config.latent_dim} must be a multiple of pred_horizon {config.pred_horizon} for "
                "action_ae.encoder_type simple, which gives each step its share; change one of the two"
            )
    if autoencoder.kl_weight and not autoencoder.use_variational:
        yield "action_ae.kl_weight is for action_ae.use_variational=true; set one of the two"


def _inner_widths(config: VitaConfig) -> Iterator[str]:
    """Ratios so small that nothing is left inside an MLP."""
    autoencoder = config.action_ae
    ratios = {"flow_net.mlp_ratio": (config.flow_net.hidden_dim, config.flow_net.mlp_ratio)}
    if autoencoder.encoder_type == "transformer":
        ratios["action_ae.mlp_ratio"] = (autoencoder.enc_hidden_dim, autoencoder.mlp_ratio)
    if autoencoder.encoder_type == "simple" and config.pred_horizon > 0:
        ratios["action_ae.mlp_ratio"] = (config.latent_dim // config.pred_horizon, autoencoder.mlp_ratio)
    for name, (width, ratio) in ratios.items():
        if width > 0 and ratio > 0 and width * ratio < 1:
            yield f"{name} {ratio} leaves nothing of a width of {width}; make it at least {1 / width:.2g}"
