from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from policy_support import tiny_config

from vita_dataset.errors import UsageError
from vita_train.policy.config import ActionAutoencoderConfig, FlowMatcherConfig, FlowNetConfig, VitaConfig

LEAST = {"image_keys": ["cam"], "state_dim": 7, "action_dim": 7}
SIMPLE, TRANSFORMER = {"encoder_type": "simple"}, {"encoder_type": "transformer"}
MEAN = {"name": "simple_mean_flow_net"}


def test_defaults_are_the_published_ones() -> None:
    config = VitaConfig.from_dict(LEAST)
    assert (config.resize_shape, config.crop_shape) == ((240, 320), (224, 308))
    assert config.observer == "resnet18"
    assert (config.obs_horizon, config.pred_horizon, config.action_horizon) == (1, 16, 8)
    assert (config.latent_dim, config.flow_matcher.num_sampling_steps) == (512, 6)
    assert config.flow_net == FlowNetConfig("simple", 512, 4, 4.0, 0.0)
    assert config.decode_flow_latents
    autoencoder = ActionAutoencoderConfig("cnn", "simple", 512, 512, 4, 8, 4.0, 0.0, False, 0.0, 0.5, 0.5, "l1")
    assert config.action_ae == autoencoder
    assert not autoencoder.freeze_encoder
    assert not autoencoder.freeze_decoder


def test_json_round_trip() -> None:
    config = tiny_config()
    assert VitaConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"crop_shape": [300, 308]}, "crop_shape [300, 308] does not fit into resize_shape [240, 320]"),
        ({"pred_horizon": 12}, "pred_horizon 12 is not a multiple of 16"),
        ({"action_horizon": 17}, "between 1 and pred_horizon 16"),
        ({"obs_horizon": 0}, "obs_horizon must be above 0, but is 0"),
        ({"state_dim": 0}, "state_dim must be above 0"),
        ({"consistency_weight": -1}, "consistency_weight must be 0 or more"),
        ({"image_keys": []}, "image_keys is empty"),
        ({"image_keys": ["a.b", "a_b"]}, "a_b"),
        ({"flow_matcher": {"name": "consistency"}}, "flow_matcher.name 'consistency' is not known; choose one of ['c"),
        ({"flow_net": {"name": "unet"}}, "flow_net.name 'unet' is not known"),
        ({"action_ae": {"encoder_type": "mlp"}}, "action_ae.encoder_type 'mlp' is not known; choose one of ['cnn'"),
        ({"action_ae": {"decoder_type": "transformer"}}, "decoder_type 'transformer' is not known"),
        ({"action_ae": {"recon_loss_type": "huber"}}, "recon_loss_type 'huber' is not known; choose one of ['l1', 'l2"),
        ({"action_ae": {"num_layers": 10**9}}, "is not a multiple of 1099511627776"),
        ({"action_ae": {"num_layers": 5}}, "layers (action_ae.num_layers) of a cnn encoder halves it"),
        ({"action_ae": SIMPLE | {"decoder_type": "cnn", "num_layers": 5}}, "of a cnn decoder halves it"),
        ({"action_ae": {"num_heads": 0}}, "action_ae.num_heads must be above 0"),
        ({"action_ae": {"dropout": 1.0}}, "action_ae.dropout must be 0 or more and below 1, but is 1.0"),
        ({"flow_net": {"dropout": -0.1}}, "flow_net.dropout must be 0 or more and below 1"),
        ({"flow_net": {"mlp_ratio": 0.001}}, "flow_net.mlp_ratio 0.001 leaves nothing of a width of 512"),
        (
            {"action_ae": TRANSFORMER | {"mlp_ratio": 0.001}},
            "action_ae.mlp_ratio 0.001 leaves nothing of a width of 51",
        ),
        ({"action_ae": SIMPLE | {"mlp_ratio": 0.03}}, "a width of 32; make it at least 0.031"),
        ({"action_ae": TRANSFORMER | {"num_heads": 3}}, "enc_hidden_dim 512 must be a multiple of twice the 3"),
        ({"action_ae": TRANSFORMER | {"enc_hidden_dim": 8}}, "enc_hidden_dim 8 must be a multiple of twice the 8"),
        (
            {"action_ae": SIMPLE | {"use_variational": True}},
            "simple has no variational form; choose cnn or transformer",
        ),
        ({"action_ae": SIMPLE, "latent_dim": 500}, "latent_dim 500 must be a multiple of pred_horizon 16"),
        ({"action_ae": {"kl_weight": 1e-4}}, "kl_weight is for action_ae.use_variational=true"),
        ({"action_ae": {"kl_weight": -1.0}}, "action_ae.kl_weight must be 0 or more"),
        ({"decode_flow_latents": False, "flow_contrastive_weight": 0.1}, "is for decode_flow_latents=true"),
        ({"flow_matcher": {"name": "mean"}}, "set flow_net.name=simple_mean_flow_net and, as published"),
        ({"flow_matcher": {"name": "improved_mean"}}, "improved_mean needs a network of two times"),
        ({"flow_net": {"name": "simple_mean_flow_net"}}, "is for the matchers ['mean', 'improved_mean']"),
        ({"flow_matcher": {"name": "schrodinger"}}, "set flow_matcher.sigma above 0"),
        ({"flow_matcher": {"flow_ratio": 1.5}}, "flow_matcher.flow_ratio must lie between 0 and 1, but is 1.5"),
        ({"flow_matcher": {"norm_eps": 0.0}}, "flow_matcher.norm_eps must be above 0"),
        ({"flow_matcher": {"dispersive_weight": -1.0}}, "flow_matcher.dispersive_weight must be 0 or more"),
        ({"observer": "vit"}, "observer 'vit' is not known; choose one of ['resnet18', 'small']"),
        ({"observer": {"tokenize": True}}, "'policy.observer' must be of type str"),
        ({"latentdim": 512}, "'policy.latentdim' is unknown; did you mean 'latent_dim'?"),
        ({"flow_net": {"layers": 4}}, "'policy.flow_net.layers' is unknown"),
        ({"flow_net": 4}, "'policy.flow_net' must be a group of settings"),
        ({"state_dim": 7.5}, "'policy.state_dim' must be of type int, but is 7.5"),
        ({"state_dim": True}, "'policy.state_dim' must be of type int"),
        ({"consistency_weight": float("nan")}, "'policy.consistency_weight' must be of type float"),
        ({"mask_padding": 1}, "'policy.mask_padding' must be of type bool"),
        ({"resize_shape": [240]}, "'policy.resize_shape' must be a list of 2"),
        ({"image_keys": "cam"}, "'policy.image_keys' must be a list"),
        ({"image_keys": [1]}, "'policy.image_keys[0]' must be of type str"),
    ],
)
def test_each_mistake_is_named(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        VitaConfig.from_dict(LEAST | changes)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"obs_horizon": 4},
        {"action_ae": TRANSFORMER | {"use_variational": True, "kl_weight": 1e-4}},
        {"action_ae": SIMPLE | {"decoder_type": "cnn"}},
        {"action_ae": SIMPLE | {"num_layers": 5}},
        {"action_ae": TRANSFORMER | {"num_layers": 5}, "pred_horizon": 10},
        {"action_ae": {"freeze_encoder": True, "freeze_decoder": True, "recon_loss_type": "l2"}},
        {"flow_matcher": {"name": "mean", "num_sampling_steps": 1}, "flow_net": MEAN},
        {"flow_matcher": {"name": "improved_mean"}, "flow_net": MEAN, "decode_flow_latents": False},
        {"flow_matcher": {"name": "schrodinger", "sigma": 0.1}, "flow_net": {"name": "simple_flow_net"}},
        {"flow_matcher": {"name": "target"}},
    ],
)
def test_every_variant_has_a_round_trip(changes: dict[str, Any]) -> None:
    config = VitaConfig.from_dict(LEAST | changes)
    assert VitaConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_all_mistakes_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        VitaConfig.from_dict({"image_keys": ["cam"], "state_dim": "7", "frames": 1})
    assert all(word in str(caught.value) for word in ("state_dim", "frames", "'policy.action_dim' is missing"))
    with pytest.raises(UsageError) as caught:
        replace(tiny_config(), latent_dim=0, flow_matcher=FlowMatcherConfig("mean", num_sampling_steps=0))
    assert all(word in str(caught.value) for word in ("latent_dim", "mean", "num_sampling_steps"))


ATOM = st.none() | st.booleans() | st.integers(-4, 64) | st.floats() | st.sampled_from(["", "exact", "simple", "cnn"])
INNER = ["name", "num_layers", "encoder_type", "num_heads", "mlp_ratio", "use_variational"]
PLAIN = ATOM | st.lists(ATOM, max_size=3) | st.dictionaries(st.sampled_from(INNER), ATOM)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(list(tiny_config().to_dict())), PLAIN))
def test_any_mapping_gives_a_config_or_a_usage_error(changes: dict[str, Any]) -> None:
    try:
        config = VitaConfig.from_dict(LEAST | changes)
    except UsageError:
        return
    assert VitaConfig.from_dict(config.to_dict()) == config
