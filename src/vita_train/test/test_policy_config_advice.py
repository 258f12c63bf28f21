"""What a new run is told of its policy's settings."""

from __future__ import annotations

from typing import Any

import pytest
from policy_support import tiny_config
from test_policy_reach import autoencoder, matcher

from vita_train.policy.config_advice import policy_advice


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (autoencoder(freeze_encoder=True), ["freeze_encoder=true keeps the random weights"]),
        (autoencoder(freeze_decoder=True), ["freeze_decoder=true keeps the random weights"]),
        (matcher("target"), []),
        (matcher("target") | {"consistency_weight": 0.0}, []),
        (matcher("target") | {"decode_flow_latents": False}, ["the vision part learns nothing"]),
        (matcher("target") | autoencoder(freeze_encoder=True), ["freeze_encoder", "the vision part learns nothing"]),
        (
            matcher("target") | {"decode_flow_latents": False, "enc_contrastive_weight": 0.1},
            ["the vision part learns only to tell samples apart"],
        ),
        ({"decode_flow_latents": False}, []),
        (autoencoder(enc_recon_weight=0.0, flow_recon_weight=0.0), ["no loss trains the action decoder"]),
        (matcher("improved_mean", aux_v_loss_weight=0.0), ["aux_v_loss_weight=0 leaves the network's own velocity"]),
        (matcher("mean", aux_v_loss_weight=0.0), []),
        (matcher("mean", sigma=0.1), ["sigma does nothing with mean"]),
        (matcher("exact", sigma=0.1), []),
        (matcher("exact", dispersive_weight=0.1), ["dispersive_weight does nothing with exact"]),
        (autoencoder(dropout=0.1), []),
        (autoencoder(dropout=0.1, decoder_type="cnn"), ["dropout does nothing in convolutions"]),
        (
            autoencoder(freeze_encoder=True, use_variational=True, kl_weight=1e-4),
            ["freeze_encoder", "kl_weight does nothing"],
        ),
        (
            autoencoder(freeze_encoder=True, freeze_decoder=True) | {"flow_contrastive_weight": 0.1},
            ["freeze_encoder", "freeze_decoder", "flow_contrastive_weight does nothing"],
        ),
    ],
)
def test_what_a_new_run_is_told(changes: dict[str, Any], words: list[str]) -> None:
    said = list(policy_advice(tiny_config(**changes)))
    assert len(said) == len(words)
    assert all(word in sentence for word, sentence in zip(words, said, strict=True))


def test_the_published_settings_need_no_advice() -> None:
    assert list(policy_advice(tiny_config())) == []
