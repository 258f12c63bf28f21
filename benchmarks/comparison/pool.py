"""Trials side by side, each in a process of its own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import torch

from benchmarks.comparison.demonstrations import training_set
from benchmarks.comparison.plan import Plan
from benchmarks.comparison.trial import Trial, run_trial
from benchmarks.comparison.variants import find_variant


def run_trials(folder: Path, plan: Plan, wanted: Sequence[tuple[str, int]], jobs: int) -> Iterator[Trial]:
    """Run trials given by variant and seed, ``jobs`` at a time, and yield each as it is finished."""
    # Not forked: torch's threads and the renderer's context do not survive that.
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=fresh, max_tasks_per_child=1) as pool:
        running = [pool.submit(_trial, folder, plan, variant, seed) for variant, seed in wanted]
        try:
            for done in as_completed(running):
                yield done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _trial(folder: Path, plan: Plan, variant: str, seed: int) -> Trial:
    # One thread: results do not depend on how many cores there are, and trials side by side do not disturb each other.
    torch.set_num_threads(1)
    return run_trial(folder, find_variant(variant), seed, plan, training_set(folder, plan))
