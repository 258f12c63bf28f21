"""What a trained variant costs to serve: parameters, latency, memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.comparison.fit import build
from benchmarks.comparison.latency import Latency, latencies
from benchmarks.comparison.memory import Memory, drop_encoder, serving_memory
from benchmarks.comparison.plan import Plan
from benchmarks.comparison.prepared import prepare
from benchmarks.comparison.server import Server
from benchmarks.comparison.trial import WEIGHTS, load_trained, trial_folder
from benchmarks.comparison.variants import BASE, Variant
from vita_dataset.errors import DataError
from vita_dataset.zarr_store import ConvertedDataset
from vita_train.policy.observation import Observation

LIMIT = 1e-5
"""Largest difference between a policy as trained and made ready, relative to the largest value."""


@dataclass(frozen=True)
class Costs:
    """Of one variant.

    Attributes:
        trained: parameters that training changes.
        served: parameters that prediction needs.
        weights_mb: these as float32 [MB].
        plain: latency of one chunk, the network as it was trained.
        latency: the same, made ready to serve.
        memory: of a process that serves it.
    """

    trained: int
    served: int
    weights_mb: float
    plain: Latency
    latency: Latency
    memory: Memory


def measure_costs(
    folder: Path, variants: Sequence[Variant], seed: int, plan: Plan, dataset: ConvertedDataset
) -> dict[str, Costs]:
    """Costs by the variants' keys; each, and the base, must have a finished trial of ``seed``."""
    config = plan.policy_config(dataset.spec)
    policies = {each.key: load_trained(folder, each, seed, plan, dataset) for each in variants}
    step = np.array([dataset.episode_ends[plan.train_episodes - 1]])
    images = {key: dataset.read_frames(key, step)[0] for key in config.image_keys}
    observation = Observation(0, images, dataset.state[step[0]])
    plain = {key: Server(config, policy.predict, dataset.spec) for key, policy in policies.items()}
    ready = {key: Server(config, prepare(policy).predict, dataset.spec) for key, policy in policies.items()}
    for key in policies:
        _check_same(key, plain[key], ready[key], observation)
    plain_latency = latencies(plain, observation, plan.rounds, BASE)
    latency = latencies(ready, observation, plan.rounds, BASE)
    costs = {}
    for variant in variants:
        trained = sum(weight.numel() for weight in build(variant, plan, dataset, seed).parameters())
        served = sum(weight.numel() for weight in drop_encoder(policies[variant.key]).parameters())
        memory = serving_memory(variant.key, config, trial_folder(folder, variant.key, seed) / WEIGHTS)
        costs[variant.key] = Costs(
            trained, served, 4 * served / 1e6, plain_latency[variant.key], latency[variant.key], memory
        )
    return costs


def _check_same(name: str, plain: Server, ready: Server, observation: Observation) -> None:
    """Refuse to time something else than what was tried.

    Raises:
        DataError: both forms of a policy predict different chunks.
    """
    chunks = []
    for server in (plain, ready):
        torch.manual_seed(0)
        chunks.append(server.predict_chunk(observation).actions)
    difference = float(np.abs(chunks[0] - chunks[1]).max() / np.abs(chunks[0]).max())
    if not difference <= LIMIT:  # also when it is not a number
        raise DataError(
            f"the policy '{name}' made ready to serve differs by {difference:.1e} of the largest value from itself as "
            f"trained, more than {LIMIT:g}; mend benchmarks/comparison/prepared.py"
        )
