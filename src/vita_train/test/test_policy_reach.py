"""Which parts of the network the losses teach: what is said of the settings, against the gradients themselves."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from policy_support import tiny_batch, tiny_config, tiny_policy

from vita_train.policy.config import FlowMatcherConfig, FlowNetConfig
from vita_train.policy.reach import untaught_parts

AUTOENCODER = tiny_config().action_ae
MEAN_NET = FlowNetConfig("simple_mean_flow_net", 32, 2, 2.0)
PREFIXES = {"vision": ("observer.", "obs_encoder."), "action decoder": ("action_decoder.",)}


def matcher(name: str, **changes: Any) -> dict[str, Any]:
    settings: dict[str, Any] = {"flow_matcher": FlowMatcherConfig(name, num_sampling_steps=2, **changes)}
    return settings | ({"flow_net": MEAN_NET} if "mean" in name else {})


def autoencoder(**changes: Any) -> dict[str, Any]:
    return {"action_ae": replace(AUTOENCODER, **changes)}


LOSSES: list[dict[str, Any]] = [
    {},
    {"decode_flow_latents": False},
    {"consistency_weight": 0.0},
    {"enc_contrastive_weight": 0.1},
    {"flow_contrastive_weight": 0.1},
    autoencoder(freeze_encoder=True),
    autoencoder(freeze_decoder=True),
    autoencoder(freeze_encoder=True, freeze_decoder=True) | {"flow_contrastive_weight": 0.1},
    autoencoder(freeze_encoder=True, enc_recon_weight=0.0) | {"flow_contrastive_weight": 0.1},
    autoencoder(enc_recon_weight=0.0),
    autoencoder(flow_recon_weight=0.0) | {"consistency_weight": 0.0},
    autoencoder(enc_recon_weight=0.0, flow_recon_weight=0.0),
    autoencoder(enc_recon_weight=0.0) | {"decode_flow_latents": False},
]
FLOWS = [matcher(name) for name in ("conditional", "target", "mean", "improved_mean")]
CASES = [
    *(flow | losses for flow, losses in product(FLOWS, LOSSES)),
    matcher("exact"),
    matcher("schrodinger", sigma=0.1),
]


@pytest.mark.parametrize("changes", CASES)
def test_no_other_part_goes_without_a_gradient(changes: dict[str, Any]) -> None:
    policy = tiny_policy(observer="small", **changes)
    policy.compute_loss(tiny_batch())["loss"].backward()
    without = {key for key, weight in policy.named_parameters() if weight.requires_grad and weight.grad is None}
    prefixes = tuple(prefix for part in untaught_parts(policy.config) for prefix in PREFIXES[part])
    assert without == {key for key, _ in policy.named_parameters() if key.startswith(prefixes)}
