"""Settings and data that work, but seldom as they were meant: what to say about them when a run begins."""

from __future__ import annotations

from collections.abc import Iterator

from vita_dataset.spec import DatasetSpec
from vita_dataset.stats import Stats
from vita_train.policy.normalizer import CONSTANT_STD
from vita_train.settings import OptimizerSettings

LARGE_LR = 0.03
"""AdamW moves each weight by about this much a step, whatever the gradient; weights are of the order of 0.03."""


def advice(
    optimizer: OptimizerSettings, steps: int, batch_size: int, windows: int, spec: DatasetSpec, stats: Stats
) -> Iterator[str]:
    """One sentence, with the remedy, for each thing that is worth a second look.

    Args:
        optimizer: of the run.
        steps: ``train.steps``.
        batch_size: samples behind one step, of all processes.
        windows: how many training visits.
        spec: of the dataset.
        stats: its statistics with the task's overrides.
    """
    warmup = optimizer.warmup_steps
    if warmup >= steps:
        yield (
            f"scheduler_warmup_steps={warmup} is not below train.steps={steps}, so the learning rate never reaches "
            f"optimizer_lr; set scheduler_warmup_steps={steps // 10}, for example"
        )
    if max(optimizer.lr, optimizer.lr_backbone or 0.0) >= LARGE_LR:
        yield (
            f"a learning rate of {max(optimizer.lr, optimizer.lr_backbone or 0.0):g} changes a weight by as much as it "
            "is, in each step; 1e-4 to 1e-3 is usual for optimizer_lr"
        )
    if batch_size > windows:
        yield (
            f"a step learns from {batch_size} samples, more than the {windows} windows there are, so it sees windows "
            "more than once; lower train.batch_size"
        )
    for vector in (spec.state, spec.action):
        std = stats[vector.key].std.reshape(-1)
        still = [name for name, value in zip(vector.labels, std, strict=True) if value < CONSTANT_STD]
        if still:
            what = "the policy will command its recorded value" if vector is spec.action else "nothing is learned of it"
            yield f"{vector.key} never moves in {', '.join(still)}: {what}; leave it out of the recording if it should"
