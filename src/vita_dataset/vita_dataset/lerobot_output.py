"""How a LeRobot recording's files are written, whichever version they are of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vita_dataset.stats import FeatureStats


@dataclass(frozen=True)
class FileLimits:
    """From where on episodes go to another file, in versions that share files.

    Attributes:
        table_mb: size of a table [MiB].
        video_mb: size of a video [MiB].
        files_per_chunk: files in a folder.
    """

    table_mb: int = 100
    video_mb: int = 200
    files_per_chunk: int = 1000


@dataclass(frozen=True, eq=False)
class WrittenEpisode:
    """What the lists of episodes say of one.

    Attributes:
        number: of the episode.
        first_row: steps of all episodes before it.
        length: its steps.
        task: what the robot was asked to do.
        stats: of each feature in this episode.
    """

    number: int
    first_row: int
    length: int
    task: str
    stats: Mapping[str, FeatureStats]


class RecordingFiles(Protocol):
    """Tables, videos and lists. Each episode: its videos, its table, then ``end_episode``."""

    def add_video(self, key: str, frames: Iterable[NDArray[np.uint8]]) -> None:
        """Encode a camera's frames [H, W, 3] RGB of the episode."""
        ...

    def add_table(self, numbers: Mapping[str, NDArray[Any]], images: Mapping[str, Sequence[bytes]]) -> None:
        """Write the episode's columns of numbers, [n] or [n, dim], and of n encoded images."""
        ...

    def end_episode(self, episode: WrittenEpisode) -> None:
        """Note the episode for the lists."""
        ...

    def finish(self, tasks: Sequence[str], stats: Mapping[str, FeatureStats], /) -> dict[str, Any]:
        """Make all files whole and write the lists.

        Args:
            tasks: the texts by task_index.
            stats: of each feature in all episodes.

        Returns:
            What is particular to these files in meta/info.json.
        """
        ...


def listed_stats(stats: Mapping[str, FeatureStats]) -> dict[str, dict[str, Any]]:
    """Plain JSON types, the count as a list of one: so LeRobot keeps it."""
    documents = {key: values.to_dict() for key, values in stats.items()}
    return {key: {**document, "count": [document["count"]]} for key, document in documents.items()}
