"""Where the episodes of a LeRobot dataset lie, whichever version wrote them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vita_dataset.parquet import ParquetFile

HALF_FRAME = 0.499
"""How far [frames] a segment's times may lie from those of its frames: short of one half, so that rounding does not
decide which frame is nearest."""


@dataclass(frozen=True)
class VideoSegment:
    """The part of a video that belongs to one episode: frames shown from ``start_s`` on and before ``stop_s``.

    Attributes:
        file: the video.
        start_s: time of its first frame in the file [s]; minus infinity: from the file's start.
        stop_s: where the next frame would be [s]; infinity: to the file's end.
        tolerance_s: how much earlier than that a frame may be shown and still be meant [s].
    """

    file: Path
    start_s: float = -math.inf
    stop_s: float = math.inf
    tolerance_s: float = 0.0

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the file."""
        return math.isinf(self.start_s)

    def __str__(self) -> str:
        part = "" if self.is_whole else f" from {self.start_s:.3f} to {self.stop_s:.3f} s"
        return f"'{self.file}'{part}"


class EpisodeFiles(Protocol):
    """Finds the parts of an episode in a dataset's files."""

    def table(self, episode: int) -> ParquetFile:
        """The rows of an episode.

        Raises:
            DataError: missing, damaged, empty, or not as many as the metadata promises.
        """
        ...

    def video(self, episode: int, key: str) -> VideoSegment:
        """The frames of an episode and camera."""
        ...

    def task(self, episode: int) -> str:
        """What the robot was asked to do; "" where the list of episodes does not tell."""
        ...

    def tasks(self) -> Mapping[int, str]:
        """All tasks by task_index.

        Raises:
            DataError: their file is damaged.
        """
        ...

    def recorded(self, video_keys: Sequence[str], episodes: Sequence[int] | None = None) -> Sequence[Path]:
        """The files that hold these episodes, None: all of them, in a fixed order, for a fingerprint."""
        ...
