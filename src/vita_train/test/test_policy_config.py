from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from policy_support import tiny_config

from vita_dataset.errors import UsageError
from vita_train.policy.config import FlowMatcherConfig, FlowNetConfig, VitaConfig

LEAST = {"image_keys": ["cam"], "state_dim": 7, "action_dim": 7}


def test_defaults_are_the_published_ones() -> None:
    config = VitaConfig.from_dict(LEAST)
    assert (config.resize_shape, config.crop_shape) == ((240, 320), (224, 308))
    assert config.observer == "resnet18"
    assert (config.obs_horizon, config.pred_horizon, config.action_horizon) == (1, 16, 8)
    assert (config.latent_dim, config.flow_matcher.num_sampling_steps) == (512, 6)
    assert config.flow_net == FlowNetConfig(512, 4, 4.0)


def test_json_round_trip() -> None:
    config = tiny_config()
    assert VitaConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"crop_shape": [300, 308]}, "crop_shape [300, 308] does not fit into resize_shape [240, 320]"),
        ({"pred_horizon": 12}, "pred_horizon 12 is not a multiple of 16"),
        ({"action_horizon": 17}, "between 1 and pred_horizon 16"),
        ({"obs_horizon": 2}, "set it to 1"),
        ({"state_dim": 0}, "state_dim must be above 0"),
        ({"consistency_weight": -1}, "consistency_weight must be 0 or more"),
        ({"image_keys": []}, "image_keys is empty"),
        ({"image_keys": ["a.b", "a_b"]}, "a_b"),
        ({"flow_matcher": {"name": "target"}}, "flow_matcher.name 'target' is not known"),
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


def test_all_mistakes_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        VitaConfig.from_dict({"image_keys": ["cam"], "state_dim": "7", "frames": 1})
    assert all(word in str(caught.value) for word in ("state_dim", "frames", "'policy.action_dim' is missing"))
    with pytest.raises(UsageError) as caught:
        replace(tiny_config(), latent_dim=0, flow_matcher=FlowMatcherConfig("mean", num_sampling_steps=0))
    assert all(word in str(caught.value) for word in ("latent_dim", "mean", "num_sampling_steps"))


ATOM = st.none() | st.booleans() | st.integers(-4, 64) | st.floats() | st.sampled_from(["", "exact"])
PLAIN = ATOM | st.lists(ATOM, max_size=3) | st.dictionaries(st.sampled_from(["name", "num_layers"]), ATOM)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(list(tiny_config().to_dict())), PLAIN))
def test_any_mapping_gives_a_config_or_a_usage_error(changes: dict[str, Any]) -> None:
    try:
        config = VitaConfig.from_dict(LEAST | changes)
    except UsageError:
        return
    assert VitaConfig.from_dict(config.to_dict()) == config
