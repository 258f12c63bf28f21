"""The settings of a VITA policy: everything that decides the network's shape, its losses and its horizons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from vita_dataset.errors import UsageError
from vita_train.policy.config_checks import settings_problems
from vita_train.policy.plain import from_plain


@dataclass(frozen=True)
class FlowMatcherConfig:
    """How the path from the vision latent to the action latent is trained and followed.

    Attributes:
        name: "conditional" pairs each observation with its own action. "exact" re-pairs the batch by optimal transport,
            as VITA's published configuration does; it teaches an observation another one's action until the other
            losses repair that, and costs an assignment on the CPU in each step, so it is not the default. "target" is
            trained on paths from noise (Lipman et al. 2023), although a prediction starts from the vision latent: only
            the losses of the decoded flow teach it vision. "schrodinger" follows a noisy bridge between optimally
            paired latents and needs ``sigma`` above 0. "mean" and "improved_mean" learn the mean velocity of whole
            intervals (Geng et al. 2025) and need ``flow_net.name`` "simple_mean_flow_net".
        sigma: standard deviation of the noise around the path, in latent units.
        num_sampling_steps: Euler steps, or intervals of a mean flow, from vision to action.
        flow_ratio: mean flows: share of the samples whose interval has no length, from 0 to 1.
        adaptive_loss_gamma: "mean": 1 is the plain squared error; less weights samples of a large error down.
        aux_v_loss_weight: "improved_mean": weight of the loss of the network's own velocity, along which it learns.
        norm_eps: "improved_mean": added to a sample's squared error before it divides by it.
        norm_p: "improved_mean": power of that divisor; 0 = the plain squared error.
        dispersive_weight: mean flows: weight of the dispersive loss of the network's hidden states.
        dispersive_tau: its temperature.
    """

    name: str = "conditional"
    sigma: float = 0.0
    num_sampling_steps: int = 6
    flow_ratio: float = 0.5
    adaptive_loss_gamma: float = 0.5
    aux_v_loss_weight: float = 1.0
    norm_eps: float = 0.01
    norm_p: float = 1.0
    dispersive_weight: float = 0.0
    dispersive_tau: float = 1.0


@dataclass(frozen=True)
class FlowNetConfig:
    """The velocity network: residual blocks of ``hidden_dim``, each with an MLP ``mlp_ratio`` as wide.

    Attributes:
        name: "simple" (also written "simple_flow_net"), or "simple_mean_flow_net" for the mean flows.
        hidden_dim: width.
        num_layers: blocks.
        mlp_ratio: width of a block's MLP over ``hidden_dim``.
        dropout: in the MLPs, while training.
    """

    name: str = "simple"
    hidden_dim: int = 512
    num_layers: int = 4
    mlp_ratio: float = 4.0
    dropout: float = 0.0


@dataclass(frozen=True)
class ActionAutoencoderConfig:
    """The action encoder and decoder, and the weights of their reconstruction losses.

    Attributes:
        encoder_type: "cnn" (convolutions, each halving the chunk), "transformer" or "simple" (an MLP for each step).
        decoder_type: "simple" (an MLP) or "cnn" (transposed convolutions, which mirror the encoder's).
        enc_hidden_dim: channels or width of the encoder; "simple" has the width latent_dim / pred_horizon instead.
        dec_hidden_dim: width or channels of the decoder.
        num_layers: convolutions or blocks in the encoder, and in the decoder.
        num_heads: attention heads of the transformer.
        mlp_ratio: inner width of the MLPs of a transformer or simple encoder over their outer one.
        dropout: in the MLPs and the attention of encoder and decoder, while training; convolutions have none.
        use_variational: the encoder gives a Gaussian, from which training draws and whose mean is used otherwise.
        kl_weight: weight of that Gaussian's distance from the standard one.
        enc_recon_weight: weight of decoding the encoded action.
        flow_recon_weight: weight of decoding the latent that the flow predicts.
        recon_loss_type: "l1" or "l2".
        freeze_encoder: leave the encoder as it was initialised or loaded.
        freeze_decoder: the same for the decoder.
    """

    encoder_type: str = "cnn"
    decoder_type: str = "simple"
    enc_hidden_dim: int = 512
    dec_hidden_dim: int = 512
    num_layers: int = 4
    num_heads: int = 8
    mlp_ratio: float = 4.0
    dropout: float = 0.0
    use_variational: bool = False
    kl_weight: float = 0.0
    enc_recon_weight: float = 0.5
    flow_recon_weight: float = 0.5
    recon_loss_type: str = "l1"
    freeze_encoder: bool = False
    freeze_decoder: bool = False


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
        obs_horizon: observations that the policy looks at: the present one and those before it, one step apart.
        pred_horizon: T, actions in a predicted chunk.
        action_horizon: actions of a chunk that are meant to be executed.
        latent_dim: Z, size of the vision and action latents.
        decode_flow_latents: follow the flow while training, for the consistency and flow reconstruction losses.
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
    decode_flow_latents: bool = True
    consistency_weight: float = 1.0
    enc_contrastive_weight: float = 0.0
    flow_contrastive_weight: float = 0.0
    mask_padding: bool = True
    flow_matcher: FlowMatcherConfig = field(default_factory=FlowMatcherConfig)
    flow_net: FlowNetConfig = field(default_factory=FlowNetConfig)
    action_ae: ActionAutoencoderConfig = field(default_factory=ActionAutoencoderConfig)

    def __post_init__(self) -> None:
        problems = settings_problems(self)
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
