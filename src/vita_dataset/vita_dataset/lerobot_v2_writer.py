"""The files of a LeRobot v2.1 recording: a table and a video of each camera for each episode, lists in JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.json_files import write_json_lines
from vita_dataset.lerobot_info import CHUNK_SIZE, DATA_PATH, VIDEO_PATH
from vita_dataset.lerobot_output import WrittenEpisode, listed_stats
from vita_dataset.parquet_writer import TableWriter
from vita_dataset.stats import FeatureStats
from vita_dataset.video_encoder import encode_video


class SeparateFiles:
    """See ``lerobot_output.RecordingFiles``."""

    def __init__(self, root: Path, fps: float, codec: str | None) -> None:
        """Write below ``root``; ``codec`` None: there will be no videos."""
        self._root = root
        self._fps = fps
        self._codec = codec
        self._videos = 0
        self._episodes: list[dict[str, Any]] = []
        self._stats: list[dict[str, Any]] = []

    def add_video(self, key: str, frames: Iterable[NDArray[np.uint8]]) -> None:
        """Encode a camera's frames of the episode."""
        assert self._codec is not None
        path = self._place(VIDEO_PATH, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        encode_video(path, frames, self._fps, self._codec)
        self._videos += 1

    def add_table(self, numbers: Mapping[str, NDArray[Any]], images: Mapping[str, Sequence[bytes]]) -> None:
        """Write the episode's columns."""
        table = TableWriter(self._place(DATA_PATH))
        table.append(numbers, images)
        table.close()

    def end_episode(self, episode: WrittenEpisode) -> None:
        """Note the episode for the lists."""
        entry = {"episode_index": episode.number}
        self._episodes.append({**entry, "tasks": [episode.task], "length": episode.length})
        self._stats.append({**entry, "stats": listed_stats(episode.stats)})

    def finish(self, tasks: Sequence[str], _stats: Mapping[str, FeatureStats]) -> dict[str, Any]:
        """Write the lists; this version keeps no statistics of all episodes."""
        meta = self._root / "meta"
        write_json_lines(meta / "episodes.jsonl", self._episodes)
        write_json_lines(meta / "episodes_stats.jsonl", self._stats)
        write_json_lines(meta / "tasks.jsonl", [{"task_index": i, "task": task} for i, task in enumerate(tasks)])
        return {
            "total_videos": self._videos,
            "total_chunks": -(-len(self._episodes) // CHUNK_SIZE),
            "chunks_size": CHUNK_SIZE,
            "data_path": DATA_PATH,
            "video_path": None if self._codec is None else VIDEO_PATH,
        }

    def _place(self, template: str, key: str = "") -> Path:
        number = len(self._episodes)
        chunk = number // CHUNK_SIZE
        return self._root / template.format(episode_chunk=chunk, episode_index=number, video_key=key)
