"""One training step: the network, optimizer and averages as they are trained, against a plain loop of the same.

Batch 32, two cameras of 240x320, ResNet-18, float32. The plain loop: pixels in NCHW order, batch normalisation and ReLU
each a pass of their own, AdamW as torch makes it by default, the averages of the weights one by one, every loss read in
every step. Both sides get the same batch and the same draws, their losses are compared first, and they take turns.
Usage: training_step.py [--threads N] [--rounds R] [--batch B]
"""

from __future__ import annotations

import argparse
import copy
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping

# As the trainer does: threads that wait for each other do not spin. Torch reads it when it is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from parts.plain_resnet import PlainResNet18
from parts.training_set import CAMERAS, JOINTS
from torch import Tensor
from torch.optim import AdamW

from vita_dataset.stats import FeatureStats
from vita_train.ema import Ema
from vita_train.policy.config import VitaConfig
from vita_train.policy.resnet import ResNet18
from vita_train.policy.vita import VitaPolicy
from vita_train.schedule import ema_decay

SIZE = (240, 320)
LIMIT = 1e-4
"""Largest relative difference between the losses of both sides."""
ADAMW = {"lr": 1e-4, "betas": (0.95, 0.999), "eps": 1e-8, "weight_decay": 1e-6}

Step = Callable[[], dict[str, float]]


def make_policy() -> VitaPolicy:
    """A policy of the default settings with random weights."""
    config = VitaConfig(CAMERAS, JOINTS, JOINTS, resize_shape=SIZE)
    shapes = {**dict.fromkeys(CAMERAS, (3, 1, 1)), config.state_key: (JOINTS,), config.action_key: (JOINTS,)}
    numbers = (0.5, 0.25, 0.0, 1.0)  # mean, std, min, max
    stats = {key: FeatureStats(*(np.full(shape, n) for n in numbers), 100) for key, shape in shapes.items()}
    torch.manual_seed(0)
    return VitaPolicy(config, stats).train()


def make_batch(size: int) -> dict[str, Tensor]:
    """Noise, as the loader gives it."""
    generator = torch.Generator().manual_seed(0)
    images = {key: torch.randint(256, (size, 1, *SIZE, 3), dtype=torch.uint8, generator=generator) for key in CAMERAS}
    return {
        **images,
        "observation.state": torch.randn(size, 1, JOINTS, generator=generator),
        "action": torch.randn(size, 16, JOINTS, generator=generator),
        "action_is_pad": torch.zeros(size, 16, dtype=torch.bool),
    }


def as_trained(policy: VitaPolicy, batch: Mapping[str, Tensor]) -> Step:
    """What the trainer computes in a step, with nothing around it."""
    policy.observer.backbone.to(memory_format=torch.channels_last)
    optimizer, ema, count = AdamW(policy.parameters(), **ADAMW, fused=True), Ema(policy), 0

    def step() -> dict[str, float]:
        nonlocal count
        count += 1
        torch.manual_seed(count)
        losses = policy.compute_loss(batch)
        optimizer.zero_grad(set_to_none=True)
        losses["loss"].backward()
        torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
        optimizer.step()
        ema.update(count)
        return {name: float(value.detach()) for name, value in losses.items()}

    return step


def plainly(policy: VitaPolicy, batch: Mapping[str, Tensor]) -> Step:
    """The same in a plain loop."""
    backbone = policy.observer.backbone
    assert isinstance(backbone, ResNet18)
    policy.observer.backbone = PlainResNet18(backbone)  # type: ignore[assignment]
    weights = list(policy.parameters())
    optimizer, averages, count = AdamW(weights, **ADAMW), [weight.detach().clone() for weight in weights], 0

    def step() -> dict[str, float]:
        nonlocal count
        count += 1
        torch.manual_seed(count)
        losses = policy.compute_loss(batch)
        optimizer.zero_grad()
        losses["loss"].backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0).item()
        optimizer.step()
        with torch.no_grad():
            for average, weight in zip(averages, weights, strict=True):
                average.sub_((1.0 - ema_decay(count)) * (average - weight))
        return {name: value.item() for name, value in losses.items()}

    return step


def main() -> int:
    """Print the time of both sides and the medians of their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=32)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    policy, batch = make_policy(), make_batch(args.batch)
    sides = {"plain": plainly(copy.deepcopy(policy), batch), "as trained": as_trained(policy, batch)}
    losses = [step() for step in sides.values()]
    difference = max(abs(one - losses[1][name]) / abs(one) for name, one in losses[0].items())
    if not difference <= LIMIT:  # also when it is not a number
        sys.stderr.write(f"error: the losses of both sides differ by {difference:.1e}\n")
        return 1
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for _ in range(args.rounds):
        for name, step in sides.items():
            wall, cpu = time.perf_counter(), time.process_time()
            step()
            times[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    print(f"batch {args.batch}, two cameras {SIZE[0]}x{SIZE[1]}, {args.threads} threads, {args.rounds} rounds, medians")
    for name, values in times.items():
        wall, cpu = (statistics.median(column) for column in zip(*values, strict=True))
        print(f"  {name + ':':12}{wall:7.2f} s {cpu:7.2f} CPU-seconds")
    # Of each round's pair: what else the machine does meanwhile falls on both.
    pairs = list(zip(times["as trained"], times["plain"], strict=True))
    wall, cpu = (statistics.median(ours[i] / theirs[i] for ours, theirs in pairs) for i in (0, 1))
    print(f"  ratio:      {wall:7.2f}   {cpu:7.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
