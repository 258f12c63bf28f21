"""Where episodes begin: what a robot compares its pose with before a policy starts."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from vita_dataset.stats import FeatureStats, RunningStats
from vita_dataset.zarr_store import ConvertedDataset


def start_pose(dataset: ConvertedDataset, episodes: Collection[int]) -> FeatureStats | None:
    """Statistics of the episodes' first states, float64 [S] each in robot units; None of no episodes.

    Args:
        dataset: that they are in.
        episodes: their numbers; those that the dataset no longer has are left out.
    """
    begins = np.concatenate(([0], dataset.episode_ends[:-1]))
    known = [number for number in sorted(episodes) if number < dataset.episode_count]
    if not known:
        return None
    running = RunningStats(dataset.state.shape[1])
    running.update(dataset.state[begins[known]])
    return running.result()
