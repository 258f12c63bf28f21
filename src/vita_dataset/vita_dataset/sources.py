"""Opens a folder of episodes, whichever kind it is."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from vita_dataset.episode import Episode
from vita_dataset.errors import DataError
from vita_dataset.lerobot_reader import LeRobotDataset
from vita_dataset.spec import DatasetSpec
from vita_dataset.zarr_store import is_converted, open_dataset


class EpisodeSource(Protocol):
    """What a LeRobot dataset and a converted one have in common."""

    @property
    def spec(self) -> DatasetSpec:
        """What it holds."""
        ...

    @property
    def notes(self) -> list[str]:
        """What was read in spite of how it was written."""
        ...

    @property
    def episode_count(self) -> int:
        """The number of episodes."""
        ...

    def length(self, index: int) -> int:
        """The steps of an episode."""
        ...

    def episode(self, index: int) -> Episode:
        """One episode."""
        ...


def open_source(path: Path) -> EpisodeSource:
    """Open a LeRobot dataset or a converted one.

    Raises:
        DataError: it is neither, or damaged.
    """
    if not path.is_dir():
        raise DataError(f"the dataset folder '{path}' does not exist; correct the path")
    return open_dataset(path) if is_converted(path) else LeRobotDataset(path)
