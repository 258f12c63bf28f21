"""Opens a folder of episodes, whichever kind it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from vita_dataset.converted_source import ConvertedSource
from vita_dataset.episode import Episode
from vita_dataset.errors import DataError
from vita_dataset.file_checks import is_file, is_folder
from vita_dataset.folder import Place, parse_place
from vita_dataset.lerobot_reader import LeRobotDataset
from vita_dataset.spec import DatasetSpec
from vita_dataset.video import ALL_CORES
from vita_dataset.vita_zarr_source import CONFIG, VitaZarr, is_vita_zarr
from vita_dataset.zarr_store import is_converted


class EpisodeSource(Protocol):
    """What LeRobot datasets, converted ones and those of the original VITA code have in common."""

    @property
    def spec(self) -> DatasetSpec:
        """What it holds."""
        ...

    @property
    def notes(self) -> list[str]:
        """What was read in spite of how it was written."""
        ...

    @property
    def left_out(self) -> Sequence[str]:
        """The features that are not read."""
        ...

    @property
    def episode_count(self) -> int:
        """The number of episodes."""
        ...

    def length(self, index: int) -> int:
        """The steps of an episode."""
        ...

    def episode(self, index: int) -> Episode:
        """One episode: its vectors now, its frames when asked for."""
        ...

    def source_episode(self, index: int) -> int:
        """The number that an episode has where it was recorded."""
        ...

    def fingerprint(self, episodes: Sequence[int] | None = None) -> str:
        """A hash of all that was recorded, which takes as long as reading it.

        Args:
            episodes: whose files count where each has its own; None: all.
        """
        ...


def open_source(
    place: Place, *, threads: int = ALL_CORES, state_key: str | None = None, action_key: str | None = None
) -> EpisodeSource:
    """Open a LeRobot dataset, a converted one, or one that the original VITA code converted.

    Args:
        place: its folder; of a converted one also a URL.
        threads: that decode a video; see ``vita_dataset.video.Video``.
        state_key: the measured vector of a recording; None: by its name.
        action_key: the commanded vector of a recording; None: by its name.

    Raises:
        DataError: it is none of these, or damaged.
        UsageError: a recording does not have these vectors.
    """
    path = parse_place(place) if isinstance(place, str) else place
    if isinstance(path, str):
        return ConvertedSource(path)
    if not is_folder(path):
        raise DataError(f"the dataset folder '{path}' does not exist; correct the path")
    if is_converted(path):
        return ConvertedSource(path)
    if is_vita_zarr(path):
        return VitaZarr(path, state_key=state_key, action_key=action_key)
    if is_file(path / CONFIG) and not is_file(path / "meta" / "info.json"):
        raise DataError(
            f"'{path / CONFIG}' is damaged, or of something else than a training set; copy or convert the dataset again"
        )
    return LeRobotDataset(path, threads=threads, state_key=state_key, action_key=action_key)
