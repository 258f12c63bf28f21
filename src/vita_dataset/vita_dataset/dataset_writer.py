"""Writes a converted dataset episode by episode; memory holds one chunk of each array."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset import zarr_store
from vita_dataset.episode import EpisodeTable
from vita_dataset.errors import DataError
from vita_dataset.json_files import write_json, write_json_lines
from vita_dataset.raw_chunks import MAX_IMAGE_ROWS, ChunkWriter
from vita_dataset.spec import DatasetSpec
from vita_dataset.stats import RunningImageStats, RunningStats, Stats, stats_to_dict


class DatasetWriter:
    """One dataset being written.

    ``config.json`` is written by ``finish``, so an unfinished folder never opens. Write into a path from ``publish``
    where others may look. Statistics are those of what was written.
    """

    def __init__(self, path: Path, spec: DatasetSpec) -> None:
        """Make the folder ``path``, which must not exist yet."""
        self._path = path
        self._spec = spec
        self._data = path / "data"
        path.mkdir(parents=True)
        shapes = {camera.key: (camera.height, camera.width, camera.channels) for camera in spec.cameras}
        self._images = {
            key: ChunkWriter(self._data / key, shape, "uint8", MAX_IMAGE_ROWS) for key, shape in shapes.items()
        }
        self._state = ChunkWriter(self._data / spec.state.key, (spec.state.dim,), "float32")
        self._action = ChunkWriter(self._data / spec.action.key, (spec.action.dim,), "float32")
        self._timestamp = ChunkWriter(self._data / zarr_store.TIMESTAMP, (), "float64")
        self._episode = ChunkWriter(self._data / zarr_store.EPISODE_INDEX, (), "int64")
        self._image_stats = {key: RunningImageStats() for key in shapes}
        self._vector_stats = {vector.key: RunningStats(vector.dim) for vector in (spec.state, spec.action)}
        self._ends: list[int] = []
        self._tasks: list[str] = []

    def add_episode(self, table: EpisodeTable, frames: Mapping[str, Iterable[NDArray[np.uint8]]]) -> None:
        """Append an episode; its number is the count of those before it.

        Args:
            table: n steps, n above 0.
            frames: for each camera of the spec, n images of the spec's size, uint8 [H, W, 3] RGB.

        Raises:
            DataError: vectors or frames are not as the spec says, or their counts differ.
        """
        spec, steps = self._spec, len(table)
        expected = {"state": (table.state, spec.state.dim), "action": (table.action, spec.action.dim)}
        for kind, (values, dim) in expected.items():
            if not steps or values.shape != (steps, dim):
                raise DataError(f"the {kind} of episode {table.index} is {list(values.shape)}, not {[steps, dim]}")
        for key, writer in self._images.items():
            before = len(writer)
            for image in frames[key]:
                if image.shape != writer.chunk_shape[1:] or image.dtype != np.uint8:
                    raise DataError(
                        f"a frame of '{key}' in episode {table.index} is {image.dtype} {list(image.shape)}, not uint8 "
                        f"{list(writer.chunk_shape[1:])}"
                    )
                writer.append(image)
                self._image_stats[key].update(image[None])
            if len(writer) - before != steps:
                raise DataError(
                    f"episode {table.index} has {len(writer) - before} frames of '{key}', but {steps} steps"
                )
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
    def stats(self) -> Stats:
        """The statistics of what was written so far.

        Raises:
            DataError: nothing was written.
        """
        running: dict[str, RunningImageStats | RunningStats] = {**self._image_stats, **self._vector_stats}
        return {key: value.result() for key, value in running.items()}

    def finish(self, report: Mapping[str, Any]) -> None:
        """Write the last chunks, the metadata, and ``config.json`` at the very end.

        Args:
            report: goes to meta/report.json.

        Raises:
            DataError: no episode was added.
        """
        stats = stats_to_dict(self.stats)
        for writer in (*self._images.values(), self._state, self._action, self._timestamp, self._episode):
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
