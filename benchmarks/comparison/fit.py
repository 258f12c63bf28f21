"""One training: the product's own Lightning module, loader and sample order, for every variant alike."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from lightning.pytorch import Trainer

from benchmarks.comparison.plan import Plan
from benchmarks.comparison.variants import Variant
from vita_dataset.errors import DataError
from vita_dataset.zarr_store import ConvertedDataset
from vita_train.data import BatchDataset, BatchKeys, StepRange, make_loader
from vita_train.module import VitaModule
from vita_train.policy.vita import VitaPolicy
from vita_train.quiet import quiet_lightning
from vita_train.sample_order import SampleOrder
from vita_train.windows import make_windows


@dataclass(frozen=True)
class Training:
    """What a training was.

    Attributes:
        cpu_s: processor time of all its steps [s].
        loss: of its last batch.
    """

    cpu_s: float
    loss: float


def build(variant: Variant, plan: Plan, dataset: ConvertedDataset, seed: int) -> VitaPolicy:
    """A policy with random weights; those of the observer are the same in every variant of one seed."""
    torch.manual_seed(seed)
    return variant.build(plan.policy_config(dataset.spec), dataset.stats)


def fit(policy: VitaPolicy, plan: Plan, dataset: ConvertedDataset, seed: int) -> Training:
    """Train a policy and leave the averaged weights in it, in evaluation mode.

    Raises:
        DataError: the loss or a gradient stopped being finite.
    """
    config = policy.config
    windows = make_windows(dataset.episode_ends, config.pred_horizon, range(plan.train_episodes))
    keys = BatchKeys(config.image_keys, config.state_key, config.action_key)
    batches = BatchDataset(dataset, windows, SampleOrder(len(windows), plan.batch_size, seed), keys)
    loader = make_loader(batches, StepRange(0, plan.steps), num_workers=0, prefetch_factor=1, pin_memory=False)
    module = VitaModule(policy, plan.optimizer, plan.steps, seed)
    with quiet_lightning():
        trainer = Trainer(
            accelerator="cpu",
            devices=1,
            max_epochs=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            use_distributed_sampler=False,
        )
        began = time.process_time()
        trainer.fit(module, loader)
        cpu_s = time.process_time() - began
    bad = int(module.first_bad_step)
    if bad >= 0:
        raise DataError(f"loss or gradient stopped being finite in step {bad}; lower the learning rate {plan.lr:g}")
    assert module.ema is not None
    policy.load_state_dict({**policy.state_dict(), **module.ema.state_dict()})
    policy.eval().requires_grad_(False)
    return Training(cpu_s, float(module.metrics["loss"]))
