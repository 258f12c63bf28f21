"""The converted dataset on disk: a zarr v3 group that plain ``zarr.open`` reads. The one file that imports zarr.

config.json              format version, spec, statistics, tasks, counts; written last
data/<image key>         uint8 [N, H, W, 3] RGB, uncompressed, chunks of whole frames
data/<state, action>     float32 [N, dim]
data/timestamp           float64 [N], seconds from the episode's start
data/episode_index       int64 [N]
meta/episode_ends        int64 [E], one past each episode's last step
meta/*.json, *.jsonl     stats, tasks, episodes, report
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import ArrayLike, NDArray

from vita_dataset.episode import Episode, EpisodeTable
from vita_dataset.errors import DataError
from vita_dataset.file_identity import FileIdentity
from vita_dataset.raw_chunks import ChunkReader
from vita_dataset.spec import DatasetSpec
from vita_dataset.stats import Stats, stats_from_dict

FORMAT = "vita_dataset"
FORMAT_VERSION = 1
TIMESTAMP = "timestamp"
EPISODE_INDEX = "episode_index"
EPISODE_ENDS = "episode_ends"
FRAMES_AT_ONCE = 16


def declare_array(group: Path, name: str, shape: tuple[int, ...], chunks: tuple[int, ...], dtype: str) -> None:
    """Write the metadata of an uncompressed array; its chunks may already be in place."""
    zarr.open_group(group, mode="a", zarr_format=3).create_array(
        name, shape=shape, chunks=chunks, dtype=dtype, compressors=None, filters=None, fill_value=0
    )


def write_array(group: Path, name: str, values: NDArray[Any]) -> None:
    """Write a small array whole."""
    declare_array(group, name, values.shape, tuple(max(1, side) for side in values.shape), str(values.dtype))
    zarr.open_group(group, mode="a")[name][...] = values  # type: ignore[index]


class ConvertedDataset:
    """A converted dataset, opened for reading. Vectors come whole, frames one by one. May be pickled and forked.

    Where the dataset is replaced meanwhile, reading on gives what was opened or a ``DataError``, never a mixture.

    Attributes:
        path: its folder.
        spec: what it holds.
        stats: statistics of each camera, state and action.
        tasks: task number -> text.
        episode_ends: int64 [E], one past each episode's last step.
        notes: nothing; a converted dataset is read as written.
    """

    def __init__(self, path: Path) -> None:
        """See ``open_dataset``."""
        config, self._identity = _read_config(path)
        try:
            self.spec = DatasetSpec.from_dict(config["spec"])
            self.stats: Stats = stats_from_dict(config["stats"])
            self.tasks = {int(number): str(text) for number, text in config["tasks"].items()}
            steps, episodes = int(config["counts"]["steps"]), int(config["counts"]["episodes"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(
                f"'{path / 'config.json'}' does not have the expected content ({error!r}); convert the dataset again"
            ) from error
        self.path = path
        self.notes: list[str] = []
        self._steps = steps
        ends = self._reader(f"meta/{EPISODE_ENDS}", (episodes,), "int64").read_all()
        if episodes < 1 or ends[-1] != steps or (np.diff(ends, prepend=0) < 1).any():
            raise DataError(f"the episodes of '{path}' do not add up to its {steps} steps; convert the dataset again")
        self.episode_ends: NDArray[np.int64] = ends
        self._frames = {
            camera.key: self._reader(
                f"data/{camera.key}", (steps, camera.height, camera.width, camera.channels), "uint8"
            )
            for camera in self.spec.cameras
        }
        self._vectors = {
            vector.key: self._reader(f"data/{vector.key}", (steps, vector.dim), "float32")
            for vector in (self.spec.state, self.spec.action)
        }
        self._timestamps = self._reader(f"data/{TIMESTAMP}", (steps,), "float64")
        self._episode_index = self._reader(f"data/{EPISODE_INDEX}", (steps,), "int64")

    def __len__(self) -> int:
        return self._steps

    @property
    def episode_count(self) -> int:
        """The number of episodes."""
        return len(self.episode_ends)

    @cached_property
    def state(self) -> NDArray[np.float32]:
        """float32 [N, S], robot units."""
        return self._vectors[self.spec.state.key].read_all()

    @cached_property
    def action(self) -> NDArray[np.float32]:
        """float32 [N, A], robot units."""
        return self._vectors[self.spec.action.key].read_all()

    @cached_property
    def timestamps_s(self) -> NDArray[np.float64]:
        """float64 [N], seconds from the episode's start."""
        return self._timestamps.read_all()

    @cached_property
    def episode_index(self) -> NDArray[np.int64]:
        """int64 [N], the episode of each step."""
        return self._episode_index.read_all()

    def read_frames(self, key: str, indices: ArrayLike) -> NDArray[np.uint8]:
        """Gather frames of one camera.

        Args:
            key: the camera's key.
            indices: steps [n] over all episodes, in any order, repeats allowed.

        Returns:
            uint8 [n, H, W, 3] RGB, owned by the caller.

        Raises:
            DataError: no such camera, the frame cannot be read, or the dataset was replaced since it was opened.
            IndexError: a step that does not exist.
        """
        self.spec.camera(key)
        frames: NDArray[np.uint8] = self._frames[key].read(np.asarray(indices, dtype=np.int64))
        return frames

    def length(self, index: int) -> int:
        """The steps of an episode."""
        return int(self.episode_ends[index]) - (int(self.episode_ends[index - 1]) if index else 0)

    def episode(self, index: int) -> Episode:
        """One episode as it was converted.

        Raises:
            DataError: no such episode.
        """
        if not 0 <= index < self.episode_count:
            raise DataError(
                f"episode {index} is not in '{self.path}', which has episodes 0 to {self.episode_count - 1}"
            )
        stop = int(self.episode_ends[index])
        rows = slice(stop - self.length(index), stop)
        table = EpisodeTable(
            index, self.timestamps_s[rows], self.state[rows], self.action[rows], self._episode_tasks[index]
        )
        return Episode(table, {key: partial(self._stream, key, rows) for key in self._frames})

    @cached_property
    def _episode_tasks(self) -> tuple[str, ...]:
        path = self.path / "meta" / "episodes.jsonl"
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            tasks = tuple(str(json.loads(line)["tasks"][0]) for line in lines)
        except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
            self._identity.check()
            raise DataError(f"'{path}' cannot be read ({error!r}); convert the dataset again") from error
        self._identity.check()
        if len(tasks) != self.episode_count:
            raise DataError(f"'{path}' lists {len(tasks)} of {self.episode_count} episodes; convert the dataset again")
        return tasks

    def _stream(self, key: str, rows: slice) -> Iterator[NDArray[np.uint8]]:
        for start in range(rows.start, rows.stop, FRAMES_AT_ONCE):
            yield from self.read_frames(key, np.arange(start, min(start + FRAMES_AT_ONCE, rows.stop)))

    def _reader(self, name: str, shape: tuple[int, ...], dtype: str) -> ChunkReader:
        array = self._array(name, shape, dtype)
        if array.compressors or array.filters or array.chunks[1:] != shape[1:] or array.order != "C":
            raise DataError(f"'{name}' in '{self.path}' is not stored as raw whole rows; convert the dataset again")
        return ChunkReader(self.path / name, shape, tuple(array.chunks), dtype, self._identity)

    def _array(self, name: str, shape: tuple[int, ...], dtype: str) -> zarr.Array[Any]:
        try:
            array = zarr.open_array(self.path / name, mode="r")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"'{self.path / name}' is missing or no zarr array; convert the dataset again") from error
        if array.shape != shape or array.dtype != dtype:
            raise DataError(
                f"'{self.path / name}' is {array.dtype} {list(array.shape)}, but config.json says {dtype} "
                f"{list(shape)}; convert the dataset again"
            )
        return array


def open_dataset(path: str | Path) -> ConvertedDataset:
    """Open a converted dataset.

    Raises:
        DataError: no such folder, not a converted dataset, unfinished, damaged, or of an unknown format version.
    """
    return ConvertedDataset(Path(path))


def is_converted(path: Path) -> bool:
    """Whether a folder says of itself that it is a converted dataset, whole or not."""
    try:
        return bool(json.loads((path / "config.json").read_text(encoding="utf-8")).get("format") == FORMAT)
    except (OSError, ValueError, AttributeError):
        return False


def _read_config(path: Path) -> tuple[Mapping[str, Any], FileIdentity]:
    if not path.is_dir():
        raise DataError(f"the dataset folder '{path}' does not exist; convert a recording into it or correct the path")
    if not is_converted(path):
        found = "is a LeRobot dataset" if (path / "meta" / "info.json").is_file() else "is no converted dataset"
        raise DataError(f"'{path}' {found} (no config.json of format '{FORMAT}'); run 'ros2 run vita_dataset convert'")
    identity = FileIdentity.of(path / "config.json")
    config: Mapping[str, Any] = json.loads((path / "config.json").read_text(encoding="utf-8"))
    if config.get("format_version") != FORMAT_VERSION:
        raise DataError(
            f"'{path}' has format version {config.get('format_version')}, but this reads version {FORMAT_VERSION}; "
            "convert the dataset again"
        )
    return config, identity
