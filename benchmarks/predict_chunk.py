"""One chunk from one observation: the policy as it is served against the same network run the reference's way.

The reference's way: pixels in NCHW order, batch normalisation after each convolution, the time terms of the flow at
every Euler step. Both sides get the same observations of 240x320 cameras and take turns; that both give the same
chunk is checked first. Weights are random: they do not change the time.
Usage: predict_chunk.py [--threads N] [--cameras N ...] [--rounds R]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from parts.plain_resnet import PlainResNet18

from vita_dataset.spec import CameraSpec, DatasetSpec, SourceSpec, VectorSpec
from vita_dataset.stats import FeatureStats
from vita_train.policy.checkpoint import save_checkpoint
from vita_train.policy.config import VitaConfig
from vita_train.policy.inference import load_policy
from vita_train.policy.observation import Observation
from vita_train.policy.resnet import FrozenBatchNorm2d, ResNet18
from vita_train.policy.serving import ServingPolicy
from vita_train.policy.vita import VitaPolicy

SIZE = (240, 320)
JOINTS = 7
LIMIT = 1e-5
"""Largest difference between both sides, relative to the largest value."""

Side = Callable[[], object]


def random_policy(config: VitaConfig, stats: dict[str, FeatureStats]) -> VitaPolicy:
    """Random weights also where training starts from 0 or 1, so that a comparison sees every part."""
    torch.manual_seed(0)
    policy = VitaPolicy(config, stats)
    with torch.no_grad():
        for name, weight in policy.named_parameters():
            if "time_modulator" in name:
                weight.normal_(0.0, 0.05)
        for module in policy.modules():
            if isinstance(module, FrozenBatchNorm2d):
                module.running_var.uniform_(0.5, 1.5)
                module.running_mean.normal_(0.0, 0.1)
    return policy.eval()


def description(cameras: int) -> tuple[VitaConfig, DatasetSpec, dict[str, FeatureStats]]:
    """A policy of the default settings, and the dataset it could have been trained on."""
    keys = tuple(f"observation.images.camera{index}" for index in range(cameras))
    config = VitaConfig(keys, JOINTS, JOINTS, resize_shape=SIZE)
    names = tuple(f"joint{index}" for index in range(JOINTS))
    spec = DatasetSpec(
        repo_id="bench/arm",
        fps=30.0,
        cameras=tuple(CameraSpec(key, *SIZE) for key in keys),
        state=VectorSpec(config.state_key, JOINTS, names),
        action=VectorSpec(config.action_key, JOINTS, names),
        source=SourceSpec("nowhere", "v2.1", "0"),
    )
    shapes = {**dict.fromkeys(keys, (3, 1, 1)), config.state_key: (JOINTS,), config.action_key: (JOINTS,)}
    numbers = (0.5, 0.25, 0.0, 1.0)  # mean, std, min, max
    stats = {key: FeatureStats(*(np.full(shape, n) for n in numbers), 100) for key, shape in shapes.items()}
    return config, spec, stats


def sides_of(cameras: int, folder: Path) -> tuple[dict[str, tuple[Side, Side]], float]:
    """What is compared, name -> (reference, served), and how far the two chunks differ."""
    config, spec, stats = description(cameras)
    reference = random_policy(config, stats)
    save_checkpoint(folder / "step_0000000001", reference, spec, stats, step=1)
    served = load_policy(folder)
    rng = np.random.default_rng(0)
    images = {key: rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8) for key in config.image_keys}
    observation = Observation(0, images, rng.standard_normal(JOINTS).astype(np.float32))
    backbone = reference.observer.backbone
    assert isinstance(backbone, ResNet18)
    reference.observer.backbone = PlainResNet18(backbone)  # type: ignore[assignment]

    @torch.inference_mode()
    def by_reference() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        batch = {key: torch.from_numpy(image[None, None].copy()) for key, image in images.items()}
        chunk = reference.predict(batch, torch.from_numpy(observation.state[None, None].copy()))
        return chunk[0].numpy()

    expected = by_reference()
    difference = float(np.abs(served.predict_chunk(observation).actions - expected).max() / np.abs(expected).max())
    sides: dict[str, tuple[Side, Side]] = {"whole": (by_reference, lambda: served.predict_chunk(observation))}
    if cameras == 1:
        flow = ServingPolicy(random_policy(config, stats), torch.device("cpu")).flow
        latent = torch.randn(1, config.latent_dim)
        sides["Euler"] = (
            torch.inference_mode()(lambda: reference.flow(latent)),
            torch.inference_mode()(lambda: flow(latent)),
        )
    return sides, difference


def milliseconds(sides: tuple[Side, Side], rounds: int) -> tuple[list[float], list[float]]:
    """Wall-clock times of each side, in turn; the first runs of each are not counted."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 3):
        for side, taken in zip(sides, times, strict=True):
            began = time.perf_counter()
            side()
            if number >= 3:
                taken.append(1e3 * (time.perf_counter() - began))
    return times


def main() -> int:
    """Print both sides and the median of their ratios, for each number of cameras and for the Euler steps alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cameras", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--rounds", type=int, default=40)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    print(f"{SIZE[0]}x{SIZE[1]}, batch 1, {args.threads} threads, {args.rounds} rounds, ms (median, fastest)")
    for cameras in args.cameras:
        with tempfile.TemporaryDirectory() as folder:
            compared, difference = sides_of(cameras, Path(folder))
        if not difference <= LIMIT:  # also when it is not a number
            sys.stderr.write(f"error: the two chunks differ by {difference:.1e} of the largest value\n")
            return 1
        for what, sides in compared.items():
            reference, served = milliseconds(sides, args.rounds)
            label = f"{cameras} camera{'s' * (cameras > 1)}" if what == "whole" else f"  {what} steps"
            # Of each round's pair: what else the machine does meanwhile falls on both.
            ratio = statistics.median(ours / theirs for ours, theirs in zip(served, reference, strict=True))
            print(
                f"  {label:12} reference {statistics.median(reference):7.1f} {min(reference):7.1f}"
                f"   served {statistics.median(served):7.1f} {min(served):7.1f}   ratio {ratio:.2f}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
