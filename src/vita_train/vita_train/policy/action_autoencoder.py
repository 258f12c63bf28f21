"""Action chunks to latents and back: which encoder and decoder the settings name, and how they are used."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vita_train.policy.action_decoder_cnn import CnnActionDecoder
from vita_train.policy.action_decoder_simple import SimpleActionDecoder
from vita_train.policy.action_encoder import ActionEncoder
from vita_train.policy.action_encoder_cnn import CnnActionEncoder
from vita_train.policy.action_encoder_simple import SimpleActionEncoder
from vita_train.policy.action_encoder_transformer import TransformerActionEncoder
from vita_train.policy.config import VitaConfig
from vita_train.policy.gaussian import draw, kl_to_standard


def build_action_encoder(config: VitaConfig) -> ActionEncoder:
    """The encoder that ``config.action_ae`` describes, with random weights; without gradients if it is frozen."""
    ae = config.action_ae
    sizes = (config.pred_horizon, config.action_dim, ae.enc_hidden_dim, ae.num_layers, config.latent_dim)
    encoder: ActionEncoder
    if ae.encoder_type == "transformer":
        encoder = TransformerActionEncoder(*sizes, ae.num_heads, ae.mlp_ratio, ae.dropout, ae.use_variational)
    elif ae.encoder_type == "simple":
        encoder = SimpleActionEncoder(
            config.pred_horizon, config.action_dim, ae.num_layers, config.latent_dim, ae.mlp_ratio, ae.dropout
        )
    else:
        encoder = CnnActionEncoder(*sizes, ae.use_variational)
    return encoder.requires_grad_(not ae.freeze_encoder)


def build_action_decoder(config: VitaConfig) -> nn.Module:
    """The decoder that ``config.action_ae`` describes, with random weights; without gradients if it is frozen.

    Returns:
        A module from latents [B, Z] to normalised actions [B, T, A].
    """
    ae = config.action_ae
    sizes = (config.pred_horizon, config.action_dim, ae.dec_hidden_dim, ae.num_layers, config.latent_dim)
    decoder = CnnActionDecoder(*sizes) if ae.decoder_type == "cnn" else SimpleActionDecoder(*sizes, ae.dropout)
    return decoder.requires_grad_(not ae.freeze_decoder)


def encode_actions(
    encoder: ActionEncoder, actions: Tensor, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor | None]:
    """Latents of action chunks.

    A variational encoder gives a draw in training mode, the mean otherwise.

    Args:
        encoder: of ``build_action_encoder``.
        actions: normalised, [B, T, A].
        generator: where a draw comes from; torch's own when None.

    Returns:
        Float32 latents [B, Z], and the scalar distance of a variational encoder's Gaussians from the standard one
        (see ``kl_to_standard``), None of a deterministic encoder.
    """
    # Under autocast the last layer gives half precision, in which exponentials and squares would lose too much.
    encoded = encoder(actions).float()
    if not encoder.variational:
        return encoded, None
    mean, log_variance = encoded.chunk(2, dim=1)
    latents = draw(mean, log_variance, generator) if encoder.training else mean
    return latents, kl_to_standard(mean, log_variance)
