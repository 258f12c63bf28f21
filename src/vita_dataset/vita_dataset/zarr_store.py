"""The converted dataset on disk: a zarr v3 group that plain ``zarr.open`` reads.

config.json              format version, spec, statistics, tasks, counts; written last
data/<image key>         uint8 [N, H, W, 3] RGB: uncompressed, chunks of whole frames; or shards of one JPEG a frame
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
import zarr.registry
from numpy.typing import ArrayLike, NDArray
from zarr.codecs import Crc32cCodec

from vita_dataset.episode import Episode, EpisodeTable, step_range
from vita_dataset.errors import DataError, UsageError
from vita_dataset.folder import Folder, Identity, Place, open_folder
from vita_dataset.frame_files import rows_per_file
from vita_dataset.image_codec import ImageCodec
from vita_dataset.jpeg_zarr_codec import NAME as JPEG
from vita_dataset.jpeg_zarr_codec import JpegCodec
from vita_dataset.local_folder import LocalFolder
from vita_dataset.raw_chunks import ChunkReader
from vita_dataset.spec import CameraSpec, DatasetSpec
from vita_dataset.stats import Stats, stats_from_dict
from vita_dataset.stored_arrays import open_frames, open_rows

FORMAT = "vita_dataset"
FORMAT_VERSION = 1
TIMESTAMP = "timestamp"
EPISODE_INDEX = "episode_index"
EPISODE_ENDS = "episode_ends"
FRAMES_AT_ONCE = 16

zarr.registry.register_codec(JPEG, JpegCodec)  # also where the package is on the path but not installed


def declare_array(group: Path, name: str, shape: tuple[int, ...], chunks: tuple[int, ...], dtype: str) -> None:
    """Write the metadata of an uncompressed array; its chunks may already be in place."""
    zarr.open_group(group, mode="a", zarr_format=3).create_array(
        name, shape=shape, chunks=chunks, dtype=dtype, compressors=None, filters=None, fill_value=0
    )


def write_array(group: Path, name: str, values: NDArray[Any]) -> None:
    """Write a small array whole."""
    declare_array(group, name, values.shape, tuple(max(1, side) for side in values.shape), str(values.dtype))
    zarr.open_group(group, mode="a")[name][...] = values  # type: ignore[index]


def declare_frames(group: Path, camera: CameraSpec, codec: ImageCodec, steps: int) -> None:
    """Write the metadata of a camera's frames, ``data/<key>/zarr.json``; the files of a ``frame_writer`` may be there.

    Args:
        group: the folder of the dataset.
        camera: what the frames are like.
        codec: how they are stored.
        steps: how many there are.
    """
    name, frame = f"data/{camera.key}", (camera.height, camera.width, camera.channels)
    rows = rows_per_file(camera, codec)
    if codec.quality is None:
        declare_array(group, name, (steps, *frame), (rows, *frame), "uint8")
        return
    zarr.open_group(group, mode="a", zarr_format=3).create_array(
        name,
        shape=(steps, *frame),
        chunks=(1, *frame),
        shards=(rows, *frame),
        dtype="uint8",
        filters=None,
        serializer=JpegCodec(codec.quality),
        compressors=Crc32cCodec(),
        fill_value=0,
    )


class ConvertedDataset:
    """A converted dataset, opened for reading. Vectors come whole, frames one by one. May be pickled and forked.

    Where the dataset is replaced meanwhile, reading on gives what was opened or a ``DataError``, never a mixture.

    Attributes:
        folder: where it is; ``str`` of it for messages.
        spec: what it holds.
        stats: statistics of each camera, state and action.
        tasks: task number -> text.
        episode_ends: int64 [E], one past each episode's last step.
        notes: nothing; a converted dataset is read as written.
    """

    def __init__(self, place: Place) -> None:
        """See ``open_dataset``."""
        self.folder = folder = open_folder(place)
        config, self._identity = _read_config(folder)
        try:
            self.spec = DatasetSpec.from_dict(config["spec"])
            self.stats: Stats = stats_from_dict(config["stats"])
            self.tasks = {int(number): str(text) for number, text in config["tasks"].items()}
            steps, episodes = int(config["counts"]["steps"]), int(config["counts"]["episodes"])
            codec = ImageCodec.parse(self.spec.image_codec)
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError, UsageError) as error:
            raise DataError(
                f"'{folder}/config.json' does not have the expected content ({error!r}); convert the dataset again"
            ) from error
        self.notes: list[str] = []
        self._steps = steps
        ends = self._rows(f"meta/{EPISODE_ENDS}", (episodes,), "int64").read_all()
        if episodes < 1 or ends[-1] != steps or (np.diff(ends, prepend=0) < 1).any():
            raise DataError(f"the episodes of '{folder}' do not add up to its {steps} steps; convert the dataset again")
        self.episode_ends: NDArray[np.int64] = ends
        self._frames = {
            camera.key: open_frames(folder, camera, codec, steps, self._identity) for camera in self.spec.cameras
        }
        self._vectors = {
            vector.key: self._rows(f"data/{vector.key}", (steps, vector.dim), "float32")
            for vector in (self.spec.state, self.spec.action)
        }
        self._timestamps = self._rows(f"data/{TIMESTAMP}", (steps,), "float64")
        self._episode_index = self._rows(f"data/{EPISODE_INDEX}", (steps,), "int64")

    def _rows(self, name: str, shape: tuple[int, ...], dtype: str) -> ChunkReader:
        return open_rows(self.folder, name, shape, dtype, self._identity)

    def __len__(self) -> int:
        return self._steps

    @property
    def path(self) -> Path:
        """Its folder.

        Raises:
            DataError: it is at a URL.
        """
        if isinstance(self.folder, LocalFolder):
            return self.folder.path
        raise DataError(f"'{self.folder}' is at a URL, but a local folder is needed; copy the dataset to one")

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

    def read_frames(self, key: str, indices: ArrayLike, out: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
        """Gather frames of one camera.

        Args:
            key: the camera's key.
            indices: steps [n] over all episodes, in any order, repeats allowed.
            out: uint8 [n, H, W, 3] to read into, its elements one after the other; None = a new array.

        Returns:
            uint8 [n, H, W, 3] RGB, owned by the caller.

        Raises:
            DataError: no such camera, the frame cannot be read, or the dataset was replaced since it was opened.
            IndexError: a step that does not exist.
            ValueError: ``out`` is not such an array.
        """
        self.spec.camera(key)
        frames: NDArray[np.uint8] = self._frames[key].read(np.asarray(indices, dtype=np.int64), out)
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
                f"episode {index} is not in '{self.folder}', which has episodes 0 to {self.episode_count - 1}"
            )
        stop = int(self.episode_ends[index])
        rows = range(stop - self.length(index), stop)
        part = slice(rows.start, rows.stop)
        table = EpisodeTable(
            index, self.timestamps_s[part], self.state[part], self.action[part], self._episode_tasks[index]
        )
        return Episode(table, {key: partial(self._stream, key, rows) for key in self._frames})

    @cached_property
    def _episode_tasks(self) -> tuple[str, ...]:
        content = self.folder.read("meta/episodes.jsonl")
        self._identity.check()
        where = f"'{self.folder}/meta/episodes.jsonl'"
        try:
            lines = (content or b"").decode("utf-8").splitlines()
            tasks = tuple(str(json.loads(line)["tasks"][0]) for line in lines)
        except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
            raise DataError(f"{where} cannot be read ({error!r}); convert the dataset again") from error
        if len(tasks) != self.episode_count:
            raise DataError(f"{where} lists {len(tasks)} of {self.episode_count} episodes; convert the dataset again")
        return tasks

    def _stream(self, key: str, rows: range, first: int = 0, stop: int | None = None) -> Iterator[NDArray[np.uint8]]:
        wanted = step_range(first, stop, len(rows))
        steps = rows[wanted.start : wanted.stop]
        for start in range(0, len(steps), FRAMES_AT_ONCE):
            yield from self.read_frames(key, steps[start : start + FRAMES_AT_ONCE])


def open_dataset(place: Place) -> ConvertedDataset:
    """Open a converted dataset.

    Args:
        place: its folder, or a URL of any kind that fsspec knows.

    Raises:
        DataError: no such folder, not a converted dataset, unfinished, damaged, of an unknown format version, or at a
            URL that cannot be reached.
    """
    return ConvertedDataset(place)


def is_converted(place: Place) -> bool:
    """Whether a folder or URL says of itself that it is a converted dataset, whole or not.

    Raises:
        DataError: it cannot be reached.
    """
    return _config(open_folder(place)) is not None


def _config(folder: Folder) -> Mapping[str, Any] | None:
    """What config.json holds; None where it is missing or of another format."""
    try:
        config = json.loads(folder.read("config.json") or "")
        return config if config.get("format") == FORMAT else None
    except (ValueError, AttributeError, RecursionError):
        return None


def _read_config(folder: Folder) -> tuple[Mapping[str, Any], Identity]:
    if _config(folder) is None:
        if not folder.exists():
            raise DataError(
                f"the dataset folder '{folder}' does not exist; convert a recording into it or correct the path"
            )
        found = "is a LeRobot dataset" if folder.sizes(["meta/info.json"]) != [-1] else "is no converted dataset"
        raise DataError(
            f"'{folder}' {found} (no config.json of format '{FORMAT}'); run 'ros2 run vita_dataset convert'"
        )
    identity = folder.identity("config.json")
    config = _config(folder) or {}  # read after the identity: of this dataset, or the next check says otherwise
    if config.get("format_version") != FORMAT_VERSION:
        raise DataError(
            f"'{folder}' has format version {config.get('format_version')}, but this reads version {FORMAT_VERSION}; "
            "convert the dataset again"
        )
    return config, identity
