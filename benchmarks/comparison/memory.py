"""How much memory serving a policy takes: a process of its own that imports what serving needs, loads and predicts.

Run as a module by ``serving_memory``; takes a JSON document on its input and prints one.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn

from benchmarks.comparison.variants import find_variant
from vita_train.policy.config import VitaConfig
from vita_train.policy.vita import VitaPolicy

CHUNKS = 20
THREADS = 2


@dataclass(frozen=True)
class Memory:
    """Resident memory of a process that serves [MB].

    Attributes:
        imported_mb: once everything is imported, before there is a policy.
        peak_mb: at most, from beginning to end.
    """

    imported_mb: float
    peak_mb: float


def serving_memory(variant: str, config: VitaConfig, weights: Path) -> Memory:
    """Measure a trained variant.

    Args:
        variant: its key.
        config: the settings that it was made from.
        weights: its file.
    """
    order = {"variant": variant, "config": config.to_dict(), "weights": str(weights)}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.comparison.memory"],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    return Memory(**json.loads(done.stdout))


def drop_encoder(policy: VitaPolicy) -> VitaPolicy:
    """Take away what only training needs."""
    if isinstance(getattr(policy, "action_encoder", None), nn.Module):
        del policy.action_encoder
    return policy


def _serve(order: Mapping[str, Any]) -> Memory:
    torch.set_num_threads(THREADS)
    imported_mb = _status_mb("VmRSS")
    config = VitaConfig.from_dict(order["config"])
    policy = find_variant(order["variant"]).build(config, None)
    policy.load_state_dict(load_file(order["weights"]))
    drop_encoder(policy).eval().requires_grad_(False)
    images = {key: torch.zeros((1, 1, *config.resize_shape, 3), dtype=torch.uint8) for key in config.image_keys}
    with torch.inference_mode():
        for _ in range(CHUNKS):
            policy.predict(images, torch.zeros(1, 1, config.state_dim))
    return Memory(imported_mb, _status_mb("VmHWM"))


def _status_mb(field: str) -> float:
    """Memory of this process; not ``getrusage``, whose peak begins with that of the process that started this one."""
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1]) / 1e3


if __name__ == "__main__":
    print(json.dumps(asdict(_serve(json.load(sys.stdin)))))
