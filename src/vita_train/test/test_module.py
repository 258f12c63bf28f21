from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from lightning.pytorch import Callback, Trainer
from policy_support import HEIGHT, WIDTH, tiny_batch, tiny_policy
from torch.utils.data import DataLoader

from vita_train.batch_parts import BatchParts
from vita_train.module import VitaModule, lay_out_like_weights, step_seed
from vita_train.policy.config import ActionAutoencoderConfig, FlowNetConfig, VitaConfig
from vita_train.policy.vita import VitaPolicy
from vita_train.quiet import quiet_lightning
from vita_train.settings import OptimizerSettings

CONFIG = VitaConfig(
    image_keys=("camera",),
    state_dim=2,
    action_dim=2,
    latent_dim=8,
    flow_net=FlowNetConfig(hidden_dim=8, num_layers=1),
    action_ae=ActionAutoencoderConfig(enc_hidden_dim=8, dec_hidden_dim=8, num_layers=1),
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


@given(st.lists(st.tuples(st.integers(0, 2**31), st.integers(0, 10**7), st.integers(0, 64)), min_size=2, unique=True))
def test_step_seeds_are_valid_and_differ(places):
    seeds = [step_seed(*place) for place in places]
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert len(set(seeds)) == len(seeds)


def fit(batches, turns=1, losses=None):
    """A policy after a few steps, and the module that trained it; flow times come with the batches."""
    policy = tiny_policy(observer="small", crop_shape=(HEIGHT, WIDTH))
    module = VitaModule(
        policy,
        OptimizerSettings(lr=1e-2, warmup_steps=0),
        total_steps=9,
        seed=0,
        parts=BatchParts(4, turns),
        compute_loss=losses or (lambda batch: policy.compute_loss(batch, times=batch["times"])),
    )
    seen = []

    class Watch(Callback):
        def on_train_batch_end(self, _trainer, pl_module, *_):
            seen.append((pl_module.step, pl_module.stepped))

    with quiet_lightning():
        Trainer(
            accelerator="cpu",
            logger=False,
            callbacks=[Watch()],
            accumulate_grad_batches=turns,
            max_epochs=1,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        ).fit(module, DataLoader(batches, batch_size=None))
    return module, seen


def timed_batches(count):
    times = torch.linspace(0.1, 0.9, count * 4).reshape(count, 4)
    return [tiny_batch(4, seed=number) | {"times": times[number]} for number in range(count)]


def test_two_turns_are_one_batch_of_twice_the_size():
    parts = timed_batches(4)
    wholes = [{key: torch.cat([one[key], two[key]]) for key in one} for one, two in (parts[:2], parts[2:])]
    (turns, seen), (whole, _) = fit(parts, turns=2), fit(wholes)
    assert seen == [(0, False), (1, True), (1, False), (2, True)]
    assert turns.metrics.keys() == whole.metrics.keys()
    for name, value in whole.metrics.items():
        torch.testing.assert_close(turns.metrics[name], value, rtol=1e-4, atol=1e-5)
    for name, value in whole.policy.state_dict().items():
        # AdamW divides a gradient by its size, so rounding shows where it is nearly 0.
        torch.testing.assert_close(turns.policy.state_dict()[name], value, rtol=0, atol=1e-3)


def test_moments_of_another_memory_order_are_brought_into_that_of_the_weights():
    """The fused step goes through the memory of all four as it lies."""
    weight = torch.randn(8, 4, 3, 3, generator=torch.Generator().manual_seed(0))
    results = []
    for laid_out in (torch.contiguous_format, torch.channels_last):
        parameter = torch.nn.Parameter(weight.clone().to(memory_format=laid_out))
        optimizer = torch.optim.AdamW([parameter], lr=0.1, fused=True)
        moments = {"step": torch.tensor(3.0), "exp_avg": weight / 2, "exp_avg_sq": weight.square()}
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": {0: moments}, "param_groups": groups})
        lay_out_like_weights(optimizer)
        parameter.grad = torch.empty_like(parameter).copy_(weight * 3)
        optimizer.step()
        results.append(parameter.detach())
    assert results[1].is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(results[0], results[1].contiguous())


def test_the_backbone_lies_as_convolutions_like_it_under_the_same_names():
    policy = tiny_policy()
    before = {name: value.clone() for name, value in policy.state_dict().items()}
    VitaModule(policy, OptimizerSettings(), total_steps=1, seed=0)
    after = policy.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], value) for name, value in before.items())
    weights = [weight for weight in policy.observer.backbone.parameters() if weight.dim() == 4]
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in weights)
