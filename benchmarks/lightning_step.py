"""A step of the trainer, with Lightning and all callbacks around it, against a bare loop of the same network.

Both have the same weights to begin with, optimizer, schedule, clipping, averages, draws and batches. They take turns
within one run: before the trainer gets a batch, the bare loop has its step with it; the trainer's step is all that
happens until it asks for the next batch. Two networks: the default one on 240x320, where a step is long, and the
laptop's on 96x128, where what surrounds the network weighs most.
Usage: lightning_step.py [--threads N] [--steps N] [--laptop-steps N]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

# As the trainer does: threads that wait for each other do not spin. Torch reads it when it is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from parts.training_run import LAPTOP, prepare_run, run_training
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from vita_train import training
from vita_train.ema import Ema
from vita_train.module import step_seed
from vita_train.policy.vita import VitaPolicy
from vita_train.preparation import Preparation
from vita_train.schedule import lr_multiplier

WARM_UP = 3
"""Steps of each side that do not count."""

Times = list[tuple[float, float]]


def bare_loop(run: Preparation) -> Callable[[Mapping[str, Tensor]], None]:
    """One step of the run's network with nothing around it."""
    settings, steps = run.settings.optimizer, run.settings.loop.steps
    torch.manual_seed(run.settings.seed)
    policy = VitaPolicy(run.config, run.stats).train()
    nn.Module.to(policy.observer.backbone, memory_format=torch.channels_last)
    optimizer = AdamW(
        policy.parameters(),
        lr=settings.lr,
        betas=settings.betas,
        eps=settings.eps,
        weight_decay=settings.weight_decay,
        fused=True,
    )
    schedule = LambdaLR(optimizer, lambda done: lr_multiplier(done, settings.warmup_steps, steps))
    ema, done = Ema(policy), 0

    def step(batch: Mapping[str, Tensor]) -> None:
        nonlocal done
        torch.manual_seed(step_seed(run.settings.seed, done))
        loss = policy.compute_loss(batch)["loss"]
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(policy.parameters(), settings.grad_clip_norm)
        optimizer.step()
        schedule.step()
        done += 1
        ema.update(done)

    return step


class InTurn:
    """A loader whose batches the bare loop sees first."""

    def __init__(self, loader: Any, step: Callable[[Mapping[str, Tensor]], None]) -> None:
        self._loader, self._step = loader, step
        self.bare: Times = []
        self.whole: Times = []

    def __len__(self) -> int:
        return len(self._loader)

    def __iter__(self) -> Iterator[Any]:
        for batch in self._loader:
            began = _now()
            self._step(batch)
            self.bare.append(_since(began))
            began = _now()
            yield batch
            self.whole.append(_since(began))


def compare(name: str, size: tuple[int, int], crop: tuple[int, int], settings: list[str]) -> None:
    """Run both sides in turn and print their times."""
    with tempfile.TemporaryDirectory() as folder:
        run, text = prepare_run(Path(folder), size, crop, settings)
        step, loaders = bare_loop(run), []
        make_loader = training.make_loader

        def make(*args: Any) -> InTurn:
            loaders.append(InTurn(make_loader(*args), step))
            return loaders[0]

        with mock.patch.object(training, "make_loader", make):
            run_training(run, text)
    # The trainer does not ask again after its last batch, so that step ends with the run and does not count.
    pairs = list(zip(loaders[0].whole, loaders[0].bare, strict=False))[WARM_UP:]
    for index, unit in ((0, "s"), (1, "CPU-seconds")):
        whole, bare = ([side[index] for side in sides] for sides in zip(*pairs, strict=True))
        ratio = statistics.median(one / other for one, other in zip(whole, bare, strict=True))
        print(
            f"  {name}, {len(pairs)} steps, {unit}: bare {statistics.median(bare):.4f}, "
            f"trainer {statistics.median(whole):.4f}, ratio {ratio:.3f} (of the sums {sum(whole) / sum(bare):.3f})"
        )


def main() -> int:
    """Print both sides for both networks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--laptop-steps", type=int, default=120)
    args = parser.parse_args()
    if min(args.steps, args.laptop_steps) < WARM_UP + 2:
        parser.error(f"a run needs at least {WARM_UP + 2} steps: {WARM_UP} to warm up, one to measure, one to end with")
    torch.set_num_threads(args.threads)
    print(f"batch 32, two cameras, {args.threads} threads, medians")
    compare("laptop 96x128", (96, 128), (88, 120), [*LAPTOP, f"train.steps={args.laptop_steps}", "train.log_freq=20"])
    compare("default 240x320", (240, 320), (224, 308), [f"train.steps={args.steps}", "scheduler_warmup_steps=1"])
    return 0


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _since(began: tuple[float, float]) -> tuple[float, float]:
    now = _now()
    return now[0] - began[0], now[1] - began[1]


if __name__ == "__main__":
    sys.exit(main())
