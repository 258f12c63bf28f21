"""Checkpoints of the published VITA code in every variant of its network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from official_support import settings, write
from policy_support import STATE, tiny_batch, tiny_config, tiny_observation, tiny_policy, tiny_spec, tiny_stats
from safetensors.torch import save_file

from vita_dataset.errors import DataError
from vita_train.policy.checkpoint import load_checkpoint, save_checkpoint
from vita_train.policy.config import FlowMatcherConfig, FlowNetConfig, VitaConfig
from vita_train.policy.inference import load_policy
from vita_train.policy.official import read_official_settings

AUTOENCODER = tiny_config().action_ae
NET, OUTER = "policy__action_ae__net__", "policy__action_ae__"
MEAN_NET = "simple_mean_flow_net"
Changes = dict[str, tuple[dict[str, Any], dict[str, Any]]]
"""Published settings, with ``__`` between groups, and what they are here."""

NETWORKS: Changes = {
    "transformer": (
        {f"{NET}encoder_type": "transformer", f"{NET}dropout": 0.1},
        {"action_ae": replace(AUTOENCODER, encoder_type="transformer", dropout=0.1)},
    ),
    "simple encoder": (
        {f"{NET}encoder_type": "simple"},
        {"action_ae": replace(AUTOENCODER, encoder_type="simple")},
    ),
    "variational": (
        {f"{OUTER}use_variational": True, f"{OUTER}kl_weight": 1e-4, f"{NET}decoder_type": "cnn"},
        {"action_ae": replace(AUTOENCODER, use_variational=True, kl_weight=1e-4, decoder_type="cnn")},
    ),
    "mean": (
        {"policy__flow_matcher__name": "mean", "policy__flow_net__name": MEAN_NET},
        {"flow_matcher": FlowMatcherConfig("mean", 0.0, 3), "flow_net": FlowNetConfig(MEAN_NET, 32, 2, 2.0)},
    ),
}
TRAININGS: Changes = {
    "frozen": (
        {f"{OUTER}freeze_encoder": True, f"{OUTER}freeze_decoder": True, f"{OUTER}recon_loss_type": "l2"},
        {"action_ae": replace(AUTOENCODER, freeze_encoder=True, freeze_decoder=True, recon_loss_type="l2")},
    ),
    "without decoding the flow": (
        {"policy__vita__decode_flow_latents": False, "policy__vita__flow_contrastive_weight": 0.1},
        {"decode_flow_latents": False},
    ),
    "schrodinger": (
        {"policy__flow_matcher__name": "schrodinger", "policy__flow_matcher__sigma": 0.1},
        {"flow_matcher": FlowMatcherConfig("schrodinger", 0.1, 3)},
    ),
    "improved mean": (
        {
            "policy__flow_matcher": {"name": "improved_mean", "num_sampling_steps": 1, "flow_ratio": 0.25, "norm_p": 2},
            "policy__flow_net__name": MEAN_NET,
        },
        {
            "flow_matcher": FlowMatcherConfig("improved_mean", 0.0, 1, flow_ratio=0.25, norm_p=2.0),
            "flow_net": FlowNetConfig(MEAN_NET, 32, 2, 2.0),
        },
    ),
}


def ours(changes: dict[str, Any]) -> VitaConfig:
    exact = {"flow_matcher": FlowMatcherConfig("exact", 0.0, 3), "action_ae": AUTOENCODER}
    return tiny_config(**(exact | changes), mask_padding=False)


def read(folder: Path, tree: Any) -> VitaConfig:
    file = folder / "train_config_20260101_000000.yaml"
    file.write_text(yaml.safe_dump(tree))
    return read_official_settings(folder, file)[0]


@pytest.mark.parametrize("variant", NETWORKS)
def test_it_serves(tmp_path: Path, variant: str) -> None:
    theirs, changes = NETWORKS[variant]
    config = ours(changes)
    policy = tiny_policy(**{name: getattr(config, name) for name in changes}, mask_padding=False)
    served, batch = load_policy(write(tmp_path, settings(**theirs), policy=policy)), tiny_batch(1)
    assert served.config == config
    with torch.inference_mode():
        expected = policy.eval().predict(batch, batch[STATE])[0].numpy()
    # Serving may order its arithmetic otherwise than training.
    assert np.abs(served.predict_chunk(tiny_observation()).actions - expected).max() <= 5e-6 * np.abs(expected).max()


@pytest.mark.parametrize("variant", TRAININGS)
def test_how_it_was_trained_is_known(tmp_path: Path, variant: str) -> None:
    theirs, changes = TRAININGS[variant]
    assert read(tmp_path, settings(**theirs)) == ours(changes)


def test_what_an_older_state_of_the_code_does_not_have_is_the_default(tmp_path: Path) -> None:
    newer = ("encoder_type", "decoder_type", "num_heads", "mlp_ratio", "dropout")
    absent = [*(f"{NET}{name}" for name in newer), *(f"{OUTER}{name}" for name in ("use_variational", "kl_weight"))]
    absent += ["policy__flow_net__name", "policy__flow_matcher__name", "policy__vita__decode_flow_latents"]
    assert read(tmp_path, settings(**dict.fromkeys(absent))) == ours({})


@pytest.mark.parametrize("name", ["simple", "simple_flow_net"])
def test_the_flow_network_has_two_names(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, settings(policy__flow_net__name=name)).flow_net.name == name


def test_a_kl_weight_without_a_gaussian_means_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, settings(policy__action_ae__kl_weight=1e-4)).action_ae.kl_weight == 0.0


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (f"{NET}encoder_type", "${missing.key}", "missing.key is missing"),
        (f"{NET}encoder_type", "mlp", "action_ae.encoder_type 'mlp' is not known"),
        (f"{NET}num_heads", "eight", "'policy.action_ae.num_heads' must be of type int"),
    ],
)
def test_what_makes_no_sense_is_named(tmp_path: Path, path: str, value: Any, words: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, settings(**{path: value}))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (f"{NET}encoder_type", "transformer", "38 missing: action_encoder.cls_embed.weight"),
        (f"{OUTER}use_variational", True, "action_encoder.latent_proj.weight [32, 64] instead of [64, 64]"),
    ],
)
def test_weights_of_another_variant_are_refused(tmp_path: Path, path: str, value: Any, words: str) -> None:
    with pytest.raises(DataError) as caught:
        load_checkpoint(write(tmp_path, settings(**{path: value})))
    assert words in str(caught.value)


def test_a_null_variant_is_no_default(tmp_path: Path) -> None:
    tree = settings()
    tree["policy"]["action_ae"]["net"]["encoder_type"] = None
    with pytest.raises(DataError, match=r"policy\.action_ae\.net\.encoder_type is null"):
        read(tmp_path, tree)


def test_tensors_of_another_name_are_not_guessed(tmp_path: Path) -> None:
    policy = tiny_policy(action_ae=replace(AUTOENCODER, encoder_type="transformer"))
    folder = write(tmp_path, settings(**{f"{NET}encoder_type": "transformer"}), policy=policy)
    renamed = {name.replace("cls_embed", "token"): tensor for name, tensor in policy.state_dict().items()}
    save_file(renamed, folder / "model.safetensors")
    with pytest.raises(DataError) as caught:
        load_checkpoint(folder)
    for words in ("1 missing: action_encoder.cls_embed.weight", "1 unexpected: action_encoder.token.weight"):
        assert words in str(caught.value)


def test_a_file_of_settings_is_compared_in_the_variants_too(tmp_path: Path) -> None:
    folder = save_checkpoint(tmp_path / "step_3", tiny_policy(), tiny_spec(), tiny_stats(), step=3)
    file = tmp_path / "train_config_20260101_000000.yaml"
    file.write_text(yaml.safe_dump(settings(policy__flow_net__name="simple_flow_net")))
    assert load_checkpoint(folder, file).config == tiny_config()
    file.write_text(yaml.safe_dump(settings(**{f"{NET}encoder_type": "transformer"})))
    with pytest.raises(DataError, match="encoder_type is 'transformer', in the checkpoint 'cnn'"):
        load_checkpoint(folder, file)
