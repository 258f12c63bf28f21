from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lightning.pytorch import Trainer

from vita_train.module import VitaModule, step_seed
from vita_train.policy.config import ActionAutoencoderConfig, FlowNetConfig, VitaConfig
from vita_train.policy.vita import VitaPolicy
from vita_train.settings import OptimizerSettings

CONFIG = VitaConfig(
    image_keys=("camera",),
    state_dim=2,
    action_dim=2,
    latent_dim=8,
    flow_net=FlowNetConfig(8, 1),
    action_ae=ActionAutoencoderConfig(8, 8, 1),
)


@pytest.mark.parametrize(("lr_backbone", "expected"), [(None, 1e-3), (1e-5, 1e-5), (0.0, 0.0)])
def test_the_backbone_may_learn_slower(lr_backbone, expected):
    settings = OptimizerSettings(lr=1e-3, lr_backbone=lr_backbone, warmup_steps=0)
    module = VitaModule(VitaPolicy(CONFIG), settings, total_steps=10, seed=0)
    module.trainer = Trainer(accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False)
    rest, backbone = module.configure_optimizers()["optimizer"].param_groups
    assert rest["lr"] == 1e-3
    assert backbone["lr"] == expected
    trained = [weight for weight in module.policy.parameters() if weight.requires_grad]
    assert len(rest["params"]) + len(backbone["params"]) == len(trained)
    assert {id(weight) for weight in backbone["params"]} <= {
        id(weight) for weight in module.policy.observer.parameters()
    }


@given(st.lists(st.tuples(st.integers(0, 2**31), st.integers(0, 10**7)), min_size=2, unique=True))
def test_step_seeds_are_valid_and_differ(pairs):
    seeds = [step_seed(seed, step) for seed, step in pairs]
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert len(set(seeds)) == len(seeds)
