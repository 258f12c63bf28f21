"""Writes the tables and the metadata of a converted dataset; memory holds one chunk of each array."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vita_dataset import zarr_store
from vita_dataset.episode import EpisodeTable
from vita_dataset.errors import DataError
from vita_dataset.image_codec import ImageCodec
from vita_dataset.json_files import write_json, write_json_lines
from vita_dataset.raw_chunks import ChunkWriter
from vita_dataset.spec import DatasetSpec
from vita_dataset.stats import RunningStats, Stats, stats_to_dict


class DatasetWriter:
    """Everything of a converted dataset but the chunks of its frames, which range_converter writes.

    ``config.json`` is written by ``finish``, so an unfinished folder never opens. Write into a path from ``publish``
    where others may look.
    """

    def __init__(self, path: Path, spec: DatasetSpec) -> None:
        """Begin in the folder ``path``, made where it does not exist. Frames that lie there already stay."""
        self._path = path
        self._spec = spec
        data = path / "data"
        path.mkdir(parents=True, exist_ok=True)
        for left_over in path.rglob("zarr.json"):  # of a process that died while it finished
            left_over.unlink()
        self._state = ChunkWriter(data / spec.state.key, (spec.state.dim,), "float32")
        self._action = ChunkWriter(data / spec.action.key, (spec.action.dim,), "float32")
        self._timestamp = ChunkWriter(data / zarr_store.TIMESTAMP, (), "float64")
        self._episode = ChunkWriter(data / zarr_store.EPISODE_INDEX, (), "int64")
        self._vector_stats = {vector.key: RunningStats(vector.dim) for vector in (spec.state, spec.action)}
        self._ends: list[int] = []
        self._tasks: list[str] = []

    def add_table(self, table: EpisodeTable) -> None:
        """Append the vectors of an episode of n > 0 steps; its number is the count of those before it.

        Raises:
            DataError: vectors are not as the spec says.
        """
        spec, steps = self._spec, len(table)
        expected = {"state": (table.state, spec.state.dim), "action": (table.action, spec.action.dim)}
        if not steps:
            raise DataError(f"episode {table.index} has no steps; drop it")
        for kind, (values, dim) in expected.items():
            if values.shape != (steps, dim):
                raise DataError(f"the {kind} of episode {table.index} is {list(values.shape)}, not {[steps, dim]}")
        for step in range(steps):
            self._state.append(table.state[step])
            self._action.append(table.action[step])
            self._timestamp.append(table.timestamps_s[step])
            self._episode.append(np.asarray(len(self._ends)))
        self._vector_stats[spec.state.key].update(table.state)
        self._vector_stats[spec.action.key].update(table.action)
        self._ends.append(len(self._state))
        self._tasks.append(table.task)

    @property
    def vector_stats(self) -> Stats:
        """The statistics of state and action so far.

        Raises:
            DataError: nothing was written.
        """
        return {key: running.result() for key, running in self._vector_stats.items()}

    def finish(self, report: Mapping[str, Any], image_stats: Stats) -> None:
        """Write the last chunks, the metadata, and ``config.json`` at the very end.

        Args:
            report: goes to meta/report.json.
            image_stats: of each camera, over what is stored.

        Raises:
            DataError: no episode was added.
        """
        stats = stats_to_dict({**image_stats, **self.vector_stats})
        codec = ImageCodec.parse(self._spec.image_codec)
        for camera in self._spec.cameras:
            zarr_store.declare_frames(self._path, camera, codec, len(self._state))
        for writer in (self._state, self._action, self._timestamp, self._episode):
            writer.close()
            name = writer.folder.name
            zarr_store.declare_array(self._path, f"data/{name}", writer.shape, writer.chunk_shape, writer.dtype.name)
        zarr_store.write_array(self._path, f"meta/{zarr_store.EPISODE_ENDS}", np.array(self._ends, dtype=np.int64))
        tasks = list(dict.fromkeys(self._tasks))
        lengths = np.diff(self._ends, prepend=0).tolist()
        meta = self._path / "meta"
        write_json(meta / "stats.json", stats)
        write_json(meta / "report.json", report)
        write_json_lines(meta / "tasks.jsonl", [{"task_index": i, "task": task} for i, task in enumerate(tasks)])
        write_json_lines(
            meta / "episodes.jsonl",
            [
                {"episode_index": i, "tasks": [task], "length": length}
                for i, (task, length) in enumerate(zip(self._tasks, lengths, strict=True))
            ],
        )
        config = {
            "format": zarr_store.FORMAT,
            "format_version": zarr_store.FORMAT_VERSION,
            "spec": self._spec.to_dict(),
            "counts": {"episodes": len(self._ends), "steps": len(self._state)},
            "tasks": {str(index): task for index, task in enumerate(tasks)},
            "stats": stats,
        }
        write_json(self._path / "config.json", config)
