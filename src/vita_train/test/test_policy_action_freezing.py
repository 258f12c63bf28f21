"""Frozen encoders and decoders through training, averaging, checkpoints and resuming."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from policy_support import tiny_batch, tiny_policy, tiny_spec, tiny_stats

from vita_train.ema import Ema
from vita_train.module import VitaModule
from vita_train.policy.checkpoint import load_checkpoint, save_checkpoint
from vita_train.policy.config import ActionAutoencoderConfig
from vita_train.policy.vita import VitaPolicy
from vita_train.settings import OptimizerSettings
from vita_train.training_state import TrainingState

FROZEN = [("encoder",), ("decoder",), ("encoder", "decoder")]


def frozen_policy(parts: tuple[str, ...], **changes: Any) -> VitaPolicy:
    settings = ActionAutoencoderConfig(
        enc_hidden_dim=32, dec_hidden_dim=32, num_layers=2, **{f"freeze_{part}": True for part in parts}, **changes
    )
    return tiny_policy(observer="small", action_ae=settings)


def optimizer_of(module: VitaModule) -> torch.optim.Optimizer:
    module.trainer = Trainer(accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False)
    optimizer = module.configure_optimizers()["optimizer"]
    assert isinstance(optimizer, torch.optim.Optimizer)
    return optimizer


def prefixes(parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"action_{part}." for part in parts)


@pytest.mark.parametrize("parts", FROZEN)
def test_frozen_parts_stay_while_the_rest_learns(parts: tuple[str, ...]) -> None:
    policy = frozen_policy(parts)
    before = {name: weight.clone() for name, weight in policy.state_dict().items()}
    module = VitaModule(policy, OptimizerSettings(lr=1e-2, warmup_steps=0), total_steps=10, seed=0)
    optimizer, ema = optimizer_of(module), Ema(policy)
    for number in (1, 2):
        optimizer.zero_grad()
        policy.compute_loss(tiny_batch(), torch.Generator().manual_seed(number))["loss"].backward()
        optimizer.step()
        ema.update(number)
    for name, weight in policy.named_parameters():
        frozen = name.startswith(prefixes(parts))
        assert torch.equal(weight, before[name]) == frozen, name
        assert (weight.grad is None) == frozen, name
        assert (name in ema.state_dict()) == (not frozen), name


@pytest.mark.parametrize("parts", FROZEN)
def test_a_resumed_run_goes_on_with_the_moments_of_the_same_weights(parts: tuple[str, ...]) -> None:
    module = VitaModule(frozen_policy(parts), OptimizerSettings(lr=1e-2, warmup_steps=0), total_steps=10, seed=0)
    optimizer = optimizer_of(module)
    module.policy.compute_loss(tiny_batch(), torch.Generator().manual_seed(1))["loss"].backward()
    optimizer.step()
    state = TrainingState(
        step=1,
        weights=module.policy.state_dict(),
        optimizer=optimizer.state_dict()["state"],
        ema=None,
        precision={},
        run={},
    )
    again = VitaModule(frozen_policy(parts), OptimizerSettings(lr=1e-2, warmup_steps=0), 10, seed=0, resume=state)
    moments = {
        name: optimizer.state[weight]["exp_avg"]
        for name, weight in module.policy.named_parameters()
        if weight.requires_grad
    }
    resumed = optimizer_of(again)
    assert {name for name, weight in again.policy.named_parameters() if weight.requires_grad} == set(moments)
    for name, weight in again.policy.named_parameters():
        if weight.requires_grad:
            assert torch.equal(resumed.state[weight]["exp_avg"], moments[name]), name


def test_a_checkpoint_holds_frozen_weights_beside_averaged_ones(tmp_path: Path) -> None:
    policy = frozen_policy(("encoder",))
    averaged = {name: torch.full_like(weight, 0.5) for name, weight in Ema(policy).state_dict().items()}
    folder = save_checkpoint(tmp_path / "step_7", policy, tiny_spec(), tiny_stats(), step=7, weights=averaged)
    checkpoint = load_checkpoint(folder)
    tensors = checkpoint.tensors
    for name, weight in policy.named_parameters():
        expected = weight if name.startswith("action_encoder.") else torch.full_like(weight, 0.5)
        assert torch.equal(tensors[name], expected), name
    for name, weight in checkpoint.build_policy().named_parameters():
        assert weight.requires_grad != name.startswith("action_encoder."), name
