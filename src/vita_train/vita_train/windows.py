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

    Window i observes step ``starts[i]`` and learns the ``horizon`` actions from that step on. Actions past the
    end of the window's own episode repeat its last one and are marked as padding.

    Attributes:
        starts: int64 [W], step of each window's observation, counted over the whole dataset.
        last: int64 [W], last step of the episode that the window belongs to.
        horizon: actions in one window.
    """

    starts: Indices
    last: Indices
    horizon: int

    def __len__(self) -> int:
        return len(self.starts)

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
    episode_ends: Indices, horizon: int, episodes: Sequence[int] | None = None, drop_n_last_frames: int = 0
) -> Windows:
    """Build the windows of a dataset or of some of its episodes.

    Args:
        episode_ends: int64 [E], for each episode the step after its last, counted over the whole dataset.
        horizon: actions in one window, at least 1.
        episodes: numbers of the episodes to use; None = all.
        drop_n_last_frames: how many steps at each episode's end start no window. 0 keeps the final grasp or
            release pose as well trained as any other; their windows are padded.

    Raises:
        UsageError: an episode that does not exist or is named twice, or nothing is left.
    """
    count = len(episode_ends)
    chosen = range(count) if episodes is None else episodes
    refuse_strange_episodes("task.dataset_episodes", chosen, count)
    begins = np.concatenate(([0], episode_ends[:-1])).astype(np.int64)
    ranges = [
        (np.arange(begins[episode], episode_ends[episode] - drop_n_last_frames), episode_ends[episode] - 1)
        for episode in chosen
    ]
    starts = np.concatenate([steps for steps, _ in ranges]) if ranges else np.empty(0)
    last = np.concatenate([np.full(len(steps), end) for steps, end in ranges]) if ranges else np.empty(0)
    if not len(starts):
        raise UsageError(
            f"no training window is left of {len(chosen)} episodes after dropping {drop_n_last_frames} steps of each; "
            "choose more episodes or a smaller policy.drop_n_last_frames"
        )
    return Windows(starts.astype(np.int64), last.astype(np.int64), horizon)


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
