"""One trial: a variant trained from one seed, then judged. Each part is kept as it is done, and never done twice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load, save

from benchmarks.comparison.chunk_error import ChunkError, chunk_error
from benchmarks.comparison.closed_loop import Episode, run_episodes
from benchmarks.comparison.fit import Training, build, fit
from benchmarks.comparison.plan import Plan
from benchmarks.comparison.variants import Variant
from vita_dataset.zarr_store import ConvertedDataset
from vita_train.policy.vita import VitaPolicy

WEIGHTS = "weights.safetensors"
TRAINING = "training.json"
RESULT = "result.json"


@dataclass(frozen=True)
class Trial:
    """What came out of one."""

    variant: str
    seed: int
    training: Training
    error: ChunkError
    episodes: tuple[Episode, ...]

    @property
    def successes(self) -> int:
        """Episodes that succeeded."""
        return sum(episode.time_s is not None for episode in self.episodes)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Trial:
        """The inverse of ``dataclasses.asdict``."""
        return cls(
            variant=data["variant"],
            seed=data["seed"],
            training=Training(**data["training"]),
            error=ChunkError(**data["error"]),
            episodes=tuple(Episode(**each) for each in data["episodes"]),
        )


def trial_folder(folder: Path, variant: str, seed: int) -> Path:
    """Where a trial's files lie in a work folder."""
    return folder / "trials" / variant / f"seed_{seed}"


def finished(folder: Path, variant: str, seed: int) -> Trial | None:
    """The trial, None while it is not finished."""
    file = trial_folder(folder, variant, seed) / RESULT
    return Trial.from_dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None


def run_trial(folder: Path, variant: Variant, seed: int, plan: Plan, dataset: ConvertedDataset) -> Trial:
    """Train, measure the chunk error, close the loop."""
    own = trial_folder(folder, variant.key, seed)
    own.mkdir(parents=True, exist_ok=True)
    if not (own / WEIGHTS).exists():
        policy = build(variant, plan, dataset, seed)
        training = fit(policy, plan, dataset, seed)
        _write(own / TRAINING, json.dumps(asdict(training)).encode())
        _write(own / WEIGHTS, save({name: weight.contiguous() for name, weight in policy.state_dict().items()}))
    training = Training(**json.loads((own / TRAINING).read_text(encoding="utf-8")))
    policy = load_trained(folder, variant, seed, plan, dataset)
    trial = Trial(
        variant=variant.key,
        seed=seed,
        training=training,
        error=chunk_error(policy, plan, dataset),
        episodes=run_episodes(policy, dataset.spec, plan, plan.start_seeds(seed)),
    )
    _write(own / RESULT, (json.dumps(asdict(trial), indent=2) + "\n").encode())
    return trial


def load_trained(folder: Path, variant: Variant, seed: int, plan: Plan, dataset: ConvertedDataset) -> VitaPolicy:
    """The trained policy of a trial, ready to predict."""
    policy = build(variant, plan, dataset, seed)
    policy.load_state_dict(load((trial_folder(folder, variant.key, seed) / WEIGHTS).read_bytes()))
    policy.eval().requires_grad_(False)
    return policy


def _write(file: Path, content: bytes) -> None:
    """Write a file that appears under its name only when whole."""
    partial = file.with_name(f".{file.name}.partial")
    partial.write_bytes(content)
    partial.replace(file)
