"""The files of a LeRobot v3.0 recording: tables and videos that many episodes share, lists in parquet.

As LeRobot does, an episode goes to the file of the one before unless that would reach its limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.json_files import write_json
from vita_dataset.lerobot_info import SHARED_DATA_PATH, SHARED_VIDEO_PATH
from vita_dataset.lerobot_output import FileLimits, WrittenEpisode, listed_stats
from vita_dataset.parquet_writer import TableWriter, write_rows, write_tasks
from vita_dataset.stats import FeatureStats
from vita_dataset.video_encoder import encode_video
from vita_dataset.video_join import join_videos

MIB = 1024 * 1024
EPISODES_PATH = "meta/episodes/chunk-000/file-000.parquet"


class SharedFilesWriter:
    """See ``lerobot_output.RecordingFiles``."""

    def __init__(self, root: Path, fps: float, codec: str | None, limits: FileLimits) -> None:
        """Write below ``root``; ``codec`` None: there will be no videos."""
        self._root = root
        self._fps = fps
        self._codec = codec
        self._limits = limits
        self._tables = _SharedTable(root, limits)
        self._videos: dict[str, _SharedVideo] = {}
        self._places: dict[str, Any] = {}
        self._episodes: list[dict[str, Any]] = []

    def add_video(self, key: str, frames: Iterable[NDArray[np.uint8]]) -> None:
        """Encode a camera's frames of the episode."""
        assert self._codec is not None
        video = self._videos.setdefault(key, _SharedVideo(self._root, key, self._fps, self._codec, self._limits))
        self._places |= {f"videos/{key}/{name}": value for name, value in video.append(frames).items()}

    def add_table(self, numbers: Mapping[str, NDArray[Any]], images: Mapping[str, Sequence[bytes]]) -> None:
        """Write the episode's columns."""
        self._places |= {f"data/{name}": value for name, value in self._tables.append(numbers, images).items()}

    def end_episode(self, episode: WrittenEpisode) -> None:
        """Note the episode for the list."""
        row = {"episode_index": episode.number, "tasks": [episode.task], "length": episode.length, **self._places}
        row |= {"dataset_from_index": episode.first_row, "dataset_to_index": episode.first_row + episode.length}
        for key, values in listed_stats(episode.stats).items():
            row |= {f"stats/{key}/{name}": value for name, value in values.items()}
        self._episodes.append({**row, "meta/episodes/chunk_index": 0, "meta/episodes/file_index": 0})
        self._places = {}

    def finish(self, tasks: Sequence[str], stats: Mapping[str, FeatureStats]) -> dict[str, Any]:
        """Make the last shared files whole and write the lists."""
        self._tables.close()
        for video in self._videos.values():
            video.close()
        write_rows(self._root / EPISODES_PATH, self._episodes)
        write_tasks(self._root / "meta" / "tasks.parquet", tasks)
        write_json(self._root / "meta" / "stats.json", listed_stats(stats), indent=4)
        return {
            "chunks_size": self._limits.files_per_chunk,
            "data_files_size_in_mb": self._limits.table_mb,
            "video_files_size_in_mb": self._limits.video_mb,
            "data_path": SHARED_DATA_PATH,
            "video_path": None if self._codec is None else SHARED_VIDEO_PATH,
        }


class _SharedTable:
    """The tables, one after the other."""

    def __init__(self, root: Path, limits: FileLimits) -> None:
        self._root = root
        self._limits = limits
        self._number = 0
        self._open: TableWriter | None = None

    def append(self, numbers: Mapping[str, NDArray[Any]], images: Mapping[str, Sequence[bytes]]) -> dict[str, int]:
        """Write an episode and give its place."""
        if self._open is not None:
            rows = len(next(iter(numbers.values())))
            if self._open.size * (1 + rows / self._open.rows) >= self._limits.table_mb * MIB:
                self.close()
                self._number += 1
        place = _place(self._number, self._limits)
        self._open = self._open or TableWriter(self._root / SHARED_DATA_PATH.format(**place))
        self._open.append(numbers, images)
        return place

    def close(self) -> None:
        """Make the table whole."""
        if self._open is not None:
            self._open.close()
            self._open = None


class _SharedVideo:
    """The videos of one camera, one after the other.

    Each episode is encoded apart, so that it begins with a keyframe, and waits beside the file that it will be part of.
    """

    def __init__(self, root: Path, key: str, fps: float, codec: str, limits: FileLimits) -> None:
        self._root = root
        self._key = key
        self._fps = fps
        self._codec = codec
        self._limits = limits
        self._number = 0
        self._episodes = 0
        self._parts: list[tuple[Path, int]] = []
        self._size = 0
        self._frames = 0

    def append(self, frames: Iterable[NDArray[np.uint8]]) -> dict[str, float]:
        """Encode an episode and give its place."""
        path = self._root / "videos" / self._key / f".episode_{self._episodes:06d}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        count = encode_video(path, frames, self._fps, self._codec)
        size = path.stat().st_size
        if self._parts and self._size + size >= self._limits.video_mb * MIB:
            self.close()
            self._number += 1
        start = self._frames
        self._episodes += 1
        self._parts.append((path, count))
        self._size += size
        self._frames += count
        times = {"from_timestamp": start / self._fps, "to_timestamp": self._frames / self._fps}
        return {**_place(self._number, self._limits), **times}

    def close(self) -> None:
        """Join what waits, if anything."""
        if self._parts:
            target = self._root / SHARED_VIDEO_PATH.format(video_key=self._key, **_place(self._number, self._limits))
            target.parent.mkdir(parents=True, exist_ok=True)
            join_videos(self._parts, target, self._fps)
            for path, _ in self._parts:
                path.unlink()
        self._parts, self._size, self._frames = [], 0, 0


def _place(number: int, limits: FileLimits) -> dict[str, int]:
    chunk, file = divmod(number, limits.files_per_chunk)
    return {"chunk_index": chunk, "file_index": file}
