"""Which steps of a dataset make one training window: pure index arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import UsageError

Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Windows:
    """Training windows over selected episodes.

    Window i observes step ``starts[i]`` and the ``obs_horizon - 1`` steps before it, and learns the ``horizon``
    actions from that step on. Observations before the window's own episode repeat its first one. Actions past its
    end repeat its last one and are marked as padding.

    Attributes:
        starts: int64 [W], step of each window's present observation, counted over the whole dataset.
        first: int64 [W], first step of the episode that the window belongs to.
        last: int64 [W], its last step.
        horizon: actions in one window.
        obs_horizon: O, observations in one window.
    """

    starts: Indices
    first: Indices
    last: Indices
    horizon: int
    obs_horizon: int = 1

    def __len__(self) -> int:
        return len(self.starts)

    def observations(self, windows: Indices) -> Indices:
        """The steps that the windows observe.

        Args:
            windows: int64 [B], numbers of windows.

        Returns:
            Steps int64 [B, O] counted over the whole dataset, the oldest first and the present one last.
        """
        back = np.arange(1 - self.obs_horizon, 1, dtype=np.int64)
        steps: Indices = np.maximum(self.starts[windows, None] + back, self.first[windows, None])
        return steps

    def actions(self, windows: Indices) -> tuple[Indices, NDArray[np.bool_]]:
        """The steps whose actions the windows learn.

        Args:
            windows: int64 [B], numbers of windows.

        Returns:
            Steps int64 [B, horizon] counted over the whole dataset, and bool [B, horizon], True where the step
            lies past the episode's end and repeats its last action.
        """
        steps = self.starts[windows, None] + np.arange(self.horizon, dtype=np.int64)
        last = self.last[windows, None]
        return np.minimum(steps, last), steps > last


def make_windows(
    episode_ends: Indices,
    horizon: int,
    episodes: Sequence[int] | None = None,
    drop_n_last_frames: int = 0,
    obs_horizon: int = 1,
) -> Windows:
    """Build the windows of a dataset or of some of its episodes.

    Args:
        episode_ends: int64 [E], for each episode the step after its last, counted over the whole dataset.
        horizon: actions in one window, at least 1.
        episodes: numbers of the episodes to use; None = all.
        drop_n_last_frames: how many steps at each episode's end start no window. 0 keeps the final grasp or
            release pose as well trained as any other; their windows are padded.
        obs_horizon: observations in one window, at least 1.

    Raises:
        UsageError: an episode that does not exist or is named twice, or nothing is left.
    """
    count = len(episode_ends)
    chosen = range(count) if episodes is None else episodes
    refuse_strange_episodes("task.dataset_episodes", chosen, count)
    begins = np.concatenate(([0], episode_ends[:-1])).astype(np.int64)
    numbers = np.asarray(chosen, dtype=np.int64)
    counts = np.maximum(episode_ends[numbers] - begins[numbers] - drop_n_last_frames, 0)
    first = np.repeat(begins[numbers], counts)
    # How far each window lies from its episode's begin: its own number less that of the episode's first window.
    starts = first + np.arange(counts.sum(), dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)
    if not len(starts):
        raise UsageError(
            f"no training window is left of {len(chosen)} episodes after dropping {drop_n_last_frames} steps of each; "
            "choose more episodes or a smaller policy.drop_n_last_frames"
        )
    return Windows(starts, first, np.repeat(episode_ends[numbers] - 1, counts), horizon, obs_horizon)


def refuse_strange_episodes(key: str, episodes: Sequence[int], count: int) -> None:
    """Refuse a list of episodes that a dataset of ``count`` does not have.

    Raises:
        UsageError: the setting ``key`` names an episode that does not exist, or one twice.
    """
    strange = sorted({episode for episode in episodes if not 0 <= episode < count})
    if strange:
        raise UsageError(
            f"{key} names the episodes {strange}, but the dataset has the episodes 0 to {count - 1}; correct the list"
        )
    if len(set(episodes)) != len(episodes):
        raise UsageError(f"{key} names an episode twice, which would count it double; name each once")
