"""What one chunk costs: all variants in turn, so that whatever else the machine does falls on all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from benchmarks.comparison.server import Server
from vita_train.policy.observation import Observation

THREADS = 2


@dataclass(frozen=True)
class Latency:
    """Wall-clock time of one chunk at batch 1.

    Attributes:
        median_ms: over the rounds [ms].
        fastest_ms: of all rounds [ms].
        ratio: median over the rounds of this variant's time over the base's in the same round.
    """

    median_ms: float
    fastest_ms: float
    ratio: float


def latencies(servers: Mapping[str, Server], observation: Observation, rounds: int, base: str) -> dict[str, Latency]:
    """Let every server predict once a round, ``rounds`` times.

    Args:
        servers: by name, ``base`` among them.
        observation: for all of them.
        rounds: that count.
        base: which one the others are compared with.
    """
    # The first rounds pay for what is set up on first use.
    warm_up = 1 + rounds // 20
    threads = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    times: dict[str, list[float]] = {name: [] for name in servers}
    try:
        for number in range(warm_up + rounds):
            for name, server in servers.items():
                began = time.perf_counter()
                server.predict_chunk(observation)
                if number >= warm_up:
                    times[name].append(1e3 * (time.perf_counter() - began))
    finally:
        torch.set_num_threads(threads)
    return {
        name: Latency(
            median_ms=statistics.median(own),
            fastest_ms=min(own),
            ratio=statistics.median(mine / others for mine, others in zip(own, times[base], strict=True)),
        )
        for name, own in times.items()
    }
