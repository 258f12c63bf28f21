"""The settings of a VITA policy: everything that decides the network's shape, its losses and its horizons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from vita_dataset.errors import UsageError
from vita_train.policy.plain import from_plain

FLOW_MATCHERS = ("conditional", "exact")
OBSERVERS = ("resnet18", "small")


@dataclass(frozen=True)
class FlowMatcherConfig:
    """How the path from the vision latent to the action latent is trained and followed.

    Attributes:
        name: "conditional" pairs each observation with its own action. "exact" re-pairs the batch by optimal transport,
            as VITA's published configuration does; it teaches an observation another one's action until the other
            losses repair that, and costs an assignment on the CPU in each step, so it is not the default.
        sigma: standard deviation of the noise around the straight path, in latent units.
        num_sampling_steps: Euler steps from vision to action.
    """

    name: str = "conditional"
    sigma: float = 0.0
    num_sampling_steps: int = 6


@dataclass(frozen=True)
class FlowNetConfig:
    """The size of the velocity network: residual blocks of ``hidden_dim``, each with an MLP ``mlp_ratio`` as wide."""

    hidden_dim: int = 512
    num_layers: int = 4
    mlp_ratio: float = 4.0


@dataclass(frozen=True)
class ActionAutoencoderConfig:
    """The action encoder (convolutions) and decoder (MLP), and the weights of their L1 reconstruction losses.

    Attributes:
        enc_hidden_dim: channels of the convolutions.
        dec_hidden_dim: width of the decoder.
        num_layers: convolutions in the encoder, each halving the chunk, and blocks in the decoder.
        enc_recon_weight: weight of decoding the encoded action.
        flow_recon_weight: weight of decoding the latent that the flow predicts.
    """

    enc_hidden_dim: int = 512
    dec_hidden_dim: int = 512
    num_layers: int = 4
    enc_recon_weight: float = 0.5
    flow_recon_weight: float = 0.5


@dataclass(frozen=True)
class VitaConfig:
    """A VITA policy. The defaults are those of the published configuration, except where a docstring says why not.

    Attributes:
        image_keys: cameras in the order in which their features are concatenated.
        state_dim: S, elements of the state vector.
        action_dim: A, elements of an action.
        state_key: the dataset's name of the state vector.
        action_key: the dataset's name of the action vector.
        resize_shape: (height, width) to which every image is brought before the crop [pixels].
        crop_shape: (height, width) that the backbone sees [pixels].
        observer: the image backbone. "resnet18" is the published one; "small" (``keypoint_net``) is one that a CPU
            trains in minutes. All that follows the backbone is the same.
        obs_horizon: observations that the policy looks at; 1.
        pred_horizon: T, actions in a predicted chunk.
        action_horizon: actions of a chunk that are meant to be executed.
        latent_dim: Z, size of the vision and action latents.
        consistency_weight: weight of the distance between the latent that the flow predicts and the action's latent.
        enc_contrastive_weight: weight of InfoNCE between vision and action latents.
        flow_contrastive_weight: weight of InfoNCE between vision and predicted latents.
        mask_padding: leave steps beyond an episode's end out of the reconstruction losses.
    """

    image_keys: tuple[str, ...]
    state_dim: int
    action_dim: int
    state_key: str = "observation.state"
    action_key: str = "action"
    resize_shape: tuple[int, int] = (240, 320)
    crop_shape: tuple[int, int] = (224, 308)
    observer: str = "resnet18"
    obs_horizon: int = 1
    pred_horizon: int = 16
    action_horizon: int = 8
    latent_dim: int = 512
    consistency_weight: float = 1.0
    enc_contrastive_weight: float = 0.0
    flow_contrastive_weight: float = 0.0
    mask_padding: bool = True
    flow_matcher: FlowMatcherConfig = field(default_factory=FlowMatcherConfig)
    flow_net: FlowNetConfig = field(default_factory=FlowNetConfig)
    action_ae: ActionAutoencoderConfig = field(default_factory=ActionAutoencoderConfig)

    def __post_init__(self) -> None:
        problems = [*_unusable_keys(self), *_unusable_numbers(self), *_unknown_choices(self)]
        if problems:
            raise UsageError("the policy settings need mending: " + "; ".join(problems))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> VitaConfig:
        """The inverse of ``to_dict``; lists become tuples, settings left out take their defaults.

        Raises:
            UsageError: lists every unknown, missing or misfit setting.
        """
        return from_plain(cls, data, "policy")


def _unusable_keys(config: VitaConfig) -> list[str]:
    problems = []
    if not config.image_keys:
        problems.append("image_keys is empty; name at least one camera")
    # The weights file names a feature's statistics with dots turned to underscores, so "a.b" and "a_b" would collide.
    names = [key.replace(".", "_") for key in (*config.image_keys, config.state_key, config.action_key)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        problems.append(f"the keys {twice} are used more than once; give each camera, state and action its own key")
    return problems


def _unusable_numbers(config: VitaConfig) -> list[str]:
    positive = {
        "state_dim": config.state_dim,
        "action_dim": config.action_dim,
        "latent_dim": config.latent_dim,
        "resize_shape": min(config.resize_shape),
        "crop_shape": min(config.crop_shape),
        "pred_horizon": config.pred_horizon,
        "flow_matcher.num_sampling_steps": config.flow_matcher.num_sampling_steps,
        "flow_net.hidden_dim": config.flow_net.hidden_dim,
        "flow_net.num_layers": config.flow_net.num_layers,
        "flow_net.mlp_ratio": config.flow_net.mlp_ratio,
        "action_ae.enc_hidden_dim": config.action_ae.enc_hidden_dim,
        "action_ae.dec_hidden_dim": config.action_ae.dec_hidden_dim,
        "action_ae.num_layers": config.action_ae.num_layers,
    }
    weights = {
        "consistency_weight": config.consistency_weight,
        "enc_contrastive_weight": config.enc_contrastive_weight,
        "flow_contrastive_weight": config.flow_contrastive_weight,
        "flow_matcher.sigma": config.flow_matcher.sigma,
        "action_ae.enc_recon_weight": config.action_ae.enc_recon_weight,
        "action_ae.flow_recon_weight": config.action_ae.flow_recon_weight,
    }
    problems = [f"{name} must be above 0, but is {value}" for name, value in positive.items() if not value > 0]
    problems += [f"{name} must be 0 or more, but is {value}" for name, value in weights.items() if not value >= 0]
    if any(crop > size for crop, size in zip(config.crop_shape, config.resize_shape, strict=True)):
        problems.append(
            f"crop_shape {list(config.crop_shape)} does not fit into resize_shape {list(config.resize_shape)}; "
            "make the crop smaller or the resize larger"
        )
    if config.obs_horizon != 1:
        problems.append(f"obs_horizon is {config.obs_horizon}, but this policy looks at one observation; set it to 1")
    if not 1 <= config.action_horizon <= config.pred_horizon:
        problems.append(
            f"action_horizon is {config.action_horizon}, but must lie between 1 and pred_horizon {config.pred_horizon}"
        )
    if config.action_ae.num_layers > 0 and config.pred_horizon % 2**config.action_ae.num_layers:
        problems.append(
            f"pred_horizon {config.pred_horizon} is not a multiple of {2**config.action_ae.num_layers}, "
            f"although each of the {config.action_ae.num_layers} action_ae.num_layers halves it; "
            "change one of the two"
        )
    return problems


def _unknown_choices(config: VitaConfig) -> list[str]:
    choices = {
        "observer": (config.observer, OBSERVERS),
        "flow_matcher.name": (config.flow_matcher.name, FLOW_MATCHERS),
    }
    return [
        f"{name} '{value}' is not known; choose one of {list(known)}"
        for name, (value, known) in choices.items()
        if value not in known
    ]
