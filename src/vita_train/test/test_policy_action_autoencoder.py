"""Which encoder and decoder the settings name, what is in them and how they begin."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from policy_support import ACTION, STATE, tiny_batch, tiny_config, tiny_observation, tiny_policy, tiny_spec, tiny_stats
from torch import Tensor, nn

from vita_train.policy.action_autoencoder import build_action_decoder, build_action_encoder, encode_actions
from vita_train.policy.checkpoint import load_checkpoint, save_checkpoint
from vita_train.policy.config import ActionAutoencoderConfig, VitaConfig
from vita_train.policy.inference import load_policy

TINY = {"enc_hidden_dim": 32, "dec_hidden_dim": 32, "num_layers": 2, "num_heads": 4}
PAIRS = [(encoder, decoder) for encoder in ("cnn", "transformer", "simple") for decoder in ("simple", "cnn")]
BLOCK = ["norm1", "attn.qkv", "attn.q_norm", "attn.k_norm", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2"]
ENCODER_LAYERS = {
    "cnn": ["encoder.0", "encoder.2", "latent_proj"],
    "transformer": ["input_proj", *(f"layers.{i}.{name}" for i in range(2) for name in BLOCK), "norm", "latent_proj"],
    "simple": ["input_proj", "layers.0.fc1", "layers.0.fc2", "layers.1.fc1", "layers.1.fc2"],
}
DECODER_LAYERS = {
    "simple": ["input_proj", "layers.0.fc1", "layers.0.fc2", "layers.1.fc1", "layers.1.fc2", "output_proj"],
    "cnn": ["latent_proj", "decoder.0", "decoder.2"],
}


def config_of(**changes: Any) -> VitaConfig:
    return tiny_config(action_ae=ActionAutoencoderConfig(**(TINY | changes)))


def published_size(part: nn.Module) -> int:
    return sum(weight.numel() for weight in part.parameters())


@pytest.mark.parametrize(
    ("kind", "variational", "count"),
    [
        ("cnn", False, 4_214_784),
        ("cnn", True, 4_214_784 + 513 * 512),
        ("transformer", False, 4 * 3_152_640 + (1 + 8 + 2 + 513) * 512),
        ("simple", False, 8 * 32 + 4 * (33 * 128 + 129 * 32)),
    ],
)
def test_the_size_of_the_published_encoders(kind: str, variational: bool, count: int) -> None:
    settings = ActionAutoencoderConfig(encoder_type=kind, use_variational=variational)
    with torch.device("meta"):
        assert published_size(build_action_encoder(VitaConfig(("cam",), 7, 7, action_ae=settings))) == count


@pytest.mark.parametrize(("kind", "count"), [("simple", 2_421_360), ("cnn", 513 * 512 + 3 * (2560 + 1) * 512 + 17927)])
def test_the_size_of_the_published_decoders(kind: str, count: int) -> None:
    with torch.device("meta"):
        decoder = build_action_decoder(VitaConfig(("cam",), 7, 7, action_ae=ActionAutoencoderConfig(decoder_type=kind)))
    assert published_size(decoder) == count


@pytest.mark.parametrize("kind", ENCODER_LAYERS)
def test_the_names_of_an_encoder_s_tensors_stay(kind: str) -> None:
    expected = {f"{layer}.{name}" for layer in ENCODER_LAYERS[kind] for name in ("weight", "bias")}
    if kind == "transformer":
        expected |= {"cls_embed.weight", "pos_embed"}
    assert set(build_action_encoder(config_of(encoder_type=kind)).state_dict()) == expected


@pytest.mark.parametrize("kind", DECODER_LAYERS)
def test_the_names_of_a_decoder_s_tensors_stay(kind: str) -> None:
    expected = {f"{layer}.{name}" for layer in DECODER_LAYERS[kind] for name in ("weight", "bias")}
    assert set(build_action_decoder(config_of(decoder_type=kind)).state_dict()) == expected


def assert_orthogonal(weight: Tensor) -> None:
    flat = weight.flatten(1)
    flat = flat if flat.shape[0] <= flat.shape[1] else flat.T
    assert torch.allclose(flat @ flat.T, torch.eye(len(flat)), atol=1e-5)


def assert_xavier(weight: Tensor) -> None:
    bound = math.sqrt(6 / sum(weight.shape))
    assert 0.8 * bound < weight.abs().max() <= bound
    assert abs(weight.mean()) < 0.15 * bound


@pytest.mark.parametrize("encoder_type", ENCODER_LAYERS)
@pytest.mark.parametrize("decoder_type", DECODER_LAYERS)
def test_how_weights_begin(encoder_type: str, decoder_type: str) -> None:
    torch.manual_seed(0)
    config = config_of(encoder_type=encoder_type, decoder_type=decoder_type)
    for kind, part in ((encoder_type, build_action_encoder(config)), (decoder_type, build_action_decoder(config))):
        for name, weight in part.named_parameters():
            norm = "norm" in name
            if weight.ndim == 1:
                assert torch.equal(weight, torch.full_like(weight, float(norm and name.endswith("weight")))), name
            elif kind == "cnn":
                assert_orthogonal(weight.detach())
            else:
                assert_xavier(weight.detach())


@pytest.mark.parametrize(("encoder_type", "decoder_type"), PAIRS)
def test_every_pair_learns_to_give_actions_back(encoder_type: str, decoder_type: str) -> None:
    torch.manual_seed(0)
    config = config_of(encoder_type=encoder_type, decoder_type=decoder_type)
    encoder, decoder = build_action_encoder(config), build_action_decoder(config)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=3e-3)
    actions = torch.randn(8, 1, 2) * torch.linspace(0, 1, 8)[:, None]
    losses = []
    for _ in range(30):
        loss = (decoder(encode_actions(encoder, actions)[0]) - actions).square().mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    assert all(weight.grad is not None for part in (encoder, decoder) for weight in part.parameters())


@pytest.mark.parametrize(("encoder_type", "decoder_type"), PAIRS)
def test_a_checkpoint_serves_every_pair(tmp_path: Path, encoder_type: str, decoder_type: str) -> None:
    settings = ActionAutoencoderConfig(**TINY, encoder_type=encoder_type, decoder_type=decoder_type)
    policy, batch = tiny_policy(observer="small", action_ae=settings), tiny_batch(1)
    folder = save_checkpoint(tmp_path / "step_7", policy, tiny_spec(), tiny_stats(), step=7)
    checkpoint = load_checkpoint(folder)
    assert checkpoint.config.action_ae == settings
    again = checkpoint.build_policy()
    assert all(torch.equal(again.state_dict()[name], tensor) for name, tensor in policy.state_dict().items())
    assert torch.equal(
        encode_actions(again.action_encoder, batch[ACTION])[0], encode_actions(policy.action_encoder, batch[ACTION])[0]
    )
    served = load_policy(folder)
    with torch.inference_mode():
        expected = policy.eval().predict(batch, batch[STATE])[0].numpy()
    # Serving may order its arithmetic otherwise than training.
    assert np.abs(served.predict_chunk(tiny_observation()).actions - expected).max() <= 5e-6 * np.abs(expected).max()
