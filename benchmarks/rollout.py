"""What a trial of a policy in the simulator costs: one environment, several in a batch, several in processes, in turn.

Usage: rollout.py [--rounds R]. CPU time counts the processes with their start. The policy has random weights.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from pathlib import Path

import numpy as np

from vita_dataset.spec import CameraSpec, DatasetSpec, SourceSpec, VectorSpec
from vita_dataset.stats import FeatureStats
from vita_train.online_settings import RolloutSettings, environment_settings
from vita_train.online_validation import OnlineValidator
from vita_train.policy.config import ActionAutoencoderConfig, FlowNetConfig, VitaConfig
from vita_train.policy.vita import VitaPolicy

CAMERAS = ("observation.images.image", "observation.images.wrist_right_image")
SIZE = (96, 128)
EPISODES, LIMIT_S = 20, 3.0
WAYS = {"1 environment": (1, 0), "10 at once": (10, 0), "10 in 2 processes": (10, 2)}
"""Environments, processes."""


def make_policy() -> tuple[VitaPolicy, DatasetSpec]:
    """The laptop's policy, untrained, and a dataset for it."""
    config = VitaConfig(
        image_keys=CAMERAS,
        state_dim=7,
        action_dim=7,
        resize_shape=SIZE,
        crop_shape=(90, 124),
        observer="small",
        latent_dim=256,
        flow_net=FlowNetConfig(hidden_dim=256, num_layers=2),
        action_ae=ActionAutoencoderConfig(enc_hidden_dim=256, dec_hidden_dim=256, num_layers=2),
    )
    joints = FeatureStats(np.zeros(7), np.ones(7), -np.ones(7), np.ones(7), 1)
    image = FeatureStats(*(np.full((3, 1, 1), value) for value in (0.5, 0.25, 0.0, 1.0)), 1)
    stats = {**dict.fromkeys(CAMERAS, image), "observation.state": joints, "action": joints}
    cameras = tuple(CameraSpec(key, *SIZE) for key in CAMERAS)
    vectors = (VectorSpec("observation.state", 7), VectorSpec("action", 7))
    return VitaPolicy(config, stats), DatasetSpec("sim/lift", 10.0, cameras, *vectors, SourceSpec("", "", ""))


def cpu_seconds() -> float:
    """CPU time of this process and of those that it started and that ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> int:
    """Print medians over the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    policy, spec = make_policy()
    environment = environment_settings("vita_sim", "vita_sim/Lift-v0", {"time_limit_s": LIMIT_S})
    found: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for _ in range(args.rounds):
        for way, (envs, processes) in WAYS.items():
            settings = RolloutSettings(EPISODES, envs, processes, videos=0, seed=1_000_000)
            validator = OnlineValidator(environment, settings, policy.config, spec)
            began_s, spent_s = time.perf_counter(), cpu_seconds()
            result = validator.run(policy, Path())
            assert result is not None
            steps = sum(outcome.steps for outcome in result.outcomes)
            found[way].append(((cpu_seconds() - spent_s) / steps, steps / (time.perf_counter() - began_s)))
    print(f"{EPISODES} episodes of {steps // EPISODES} steps, two cameras of 240x320, {args.rounds} rounds (medians)")
    for way, values in found.items():
        spent_s, rate = (statistics.median(column) for column in zip(*values, strict=True))
        print(f"  {way:18} {1e3 * spent_s:5.1f} ms of CPU time a step, {rate:4.0f} steps/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
