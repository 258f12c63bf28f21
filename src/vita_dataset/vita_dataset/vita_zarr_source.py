"""A dataset that the original VITA code converted, as something to convert again.

config.json             fps, features as recorded (also where images were resized since), tasks; written first
data/<key>              one array for each feature, first axis = step over all episodes; images uint8 [N, H, W, 3] RGB
meta/episode_ends       one past each episode's last step
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.content_hash import hash_files
from vita_dataset.episode import Episode, EpisodeTable, FrameSource, step_range
from vita_dataset.errors import DataError
from vita_dataset.file_checks import is_file, is_folder
from vita_dataset.lerobot_features import Feature, read_feature
from vita_dataset.lerobot_json import field, read_object
from vita_dataset.lerobot_steps import check_in_order, times_from_start
from vita_dataset.lerobot_vectors import BOOKKEEPING, action_feature, state_feature
from vita_dataset.spec import CameraSpec, DatasetSpec, SourceSpec, VectorSpec
from vita_dataset.vita_zarr import METADATA, REMEDY, VitaArray

CONFIG = "config.json"
EPISODE_ENDS = "meta/episode_ends"
VERSION = "VITA zarr v2"


class VitaZarr:
    """A dataset of the original code, read episode by episode; memory holds one chunk of frames.

    Attributes:
        spec: what it holds, with the sizes of the arrays. The fingerprint is empty until ``fingerprint`` is asked for.
        notes: what was read in spite of how it was written.
        left_out: arrays that a policy has no use for and that are not read.
    """

    def __init__(self, root: Path, *, state_key: str | None = None, action_key: str | None = None) -> None:
        """Read the metadata and look for every chunk of what is needed.

        Args:
            root: the folder.
            state_key: the measured vector; None: by its name.
            action_key: the commanded vector; None: by its name.

        Raises:
            DataError: it is not whole, damaged, contradicts itself, or has no state, action or colour camera.
            UsageError: it does not have the vectors that were named.
        """
        self.notes: list[str] = []
        self._root = root
        config_file = root / CONFIG
        config = read_object(config_file)
        fps = field(config, "fps", (int, float), config_file)
        if not 0 < fps < 1e7:
            raise DataError(f"'fps' in '{config_file}' must be above 0 and plausible, but is {fps}; correct it")
        self._ends = _episode_ends(root)
        arrays = {path.parent.name: path.parent for path in sorted((root / "data").glob(f"*/{METADATA}"))}
        described = field(config, "features", dict, config_file, {})
        self._arrays = {key: VitaArray(path) for key, path in arrays.items()}
        features = [self._feature(key, array, described.get(key), config_file) for key, array in self._arrays.items()]
        action = action_feature(features, config_file, self._note, action_key)
        state = state_feature(features, action, config_file, self._note, state_key)
        cameras = [item for item in features if item.is_image]
        if not cameras:
            raise DataError(f"'{root / 'data'}' has no camera: no array of uint8 [N, H, W, 3]; {REMEDY}")
        used = {state.key, action.key, *BOOKKEEPING, *(camera.key for camera in cameras)}
        self.left_out = [key for key in self._arrays if key not in used]
        self._check_lengths(used, config, config_file)
        self._tasks = _tasks(config, config_file)
        self.spec = DatasetSpec(
            repo_id="/".join(Path(os.path.normpath(root.absolute())).parts[-2:]),
            fps=float(fps),
            cameras=tuple(CameraSpec(item.key, *item.shape[:2]) for item in cameras),
            state=VectorSpec(state.key, state.shape[0], state.names),
            action=VectorSpec(action.key, action.shape[0], action.names),
            source=SourceSpec(str(root.resolve()), VERSION, ""),
        )

    @property
    def episode_count(self) -> int:
        """The number of episodes."""
        return len(self._ends)

    def length(self, index: int) -> int:
        """The steps of an episode."""
        return len(self._rows(index))

    def source_episode(self, index: int) -> int:
        """The number of the episode itself."""
        return index

    def episode(self, index: int) -> Episode:
        """An episode: its vectors now, its frames when asked for.

        Raises:
            DataError: no such episode, or an array is damaged or its rows are out of order.
        """
        rows, where = self._rows(index), str(self._root)
        numbers, stamps = self._column("frame_index", rows), self._column("timestamp", rows)
        if numbers is not None:
            check_in_order(numbers, index, where)
        times_s = times_from_start(stamps, len(rows), self.spec.fps, index, where, self._note)
        with np.errstate(over="ignore"):  # too large for float32 becomes infinity, which check_finite refuses
            state, action = (
                self._arrays[vector.key].read(rows.start, rows.stop).astype(np.float32)
                for vector in (self.spec.state, self.spec.action)
            )
        frames: dict[str, FrameSource] = {
            camera.key: partial(self._frames, self._arrays[camera.key], rows) for camera in self.spec.cameras
        }
        return Episode(EpisodeTable(index, times_s, state, action, self._task(rows)), frames)

    def fingerprint(self, episodes: Sequence[int] | None = None) -> str:  # noqa: ARG002 - they share all files
        """A hash of config.json and the files of all arrays.

        Raises:
            DataError: a file cannot be read.
        """
        parts = (self._root / "data", self._root / "meta")
        files = sorted(path for part in parts for path in part.rglob("*") if path.is_file())
        return hash_files([self._root / CONFIG, *files], REMEDY)

    def _rows(self, index: int) -> range:
        """Where an episode lies in the arrays."""
        if not 0 <= index < self.episode_count:
            raise DataError(
                f"episode {index} is not in '{self._root}', which has episodes 0 to {self.episode_count - 1}"
            )
        return range(self._ends[index - 1] if index else 0, self._ends[index])

    def _frames(
        self, array: VitaArray, rows: range, first: int = 0, stop: int | None = None
    ) -> Iterator[NDArray[np.uint8]]:
        wanted = step_range(first, stop, len(rows))
        row, end = rows.start + wanted.start, rows.start + wanted.stop
        while row < end:
            following = min(end, (row // array.rows_per_chunk + 1) * array.rows_per_chunk)
            yield from array.read(row, following)
            row = following

    def _column(self, key: str, rows: range) -> NDArray[np.float64] | None:
        """One number for each step; None where it was not recorded."""
        if key not in self._arrays:
            return None
        values: NDArray[np.float64] = self._arrays[key].read(rows.start, rows.stop).astype(np.float64)
        return values.reshape(len(rows), -1)[:, 0]

    def _task(self, rows: range) -> str:
        """The text of the first step's task; of the only task where steps do not tell."""
        numbers = self._column("task_index", rows)
        if numbers is None:
            return next(iter(self._tasks.values())) if len(self._tasks) == 1 else ""
        number = float(numbers[0])
        if number not in self._tasks:
            self._note(f"the steps use task_index {number:g}, which '{CONFIG}' does not have")
        return self._tasks.get(int(number), "") if number.is_integer() else ""

    def _feature(self, key: str, array: VitaArray, described: Any, config_file: Path) -> Feature:
        """What an array holds. Its own shape is the truth: config.json keeps that of the recording."""
        described = described if isinstance(described, Mapping) else {}
        shape = array.shape[1:]
        if len(shape) == 3 and shape[2] == 3 and array.dtype == np.uint8:
            if described.get("shape") not in (None, list(shape), [shape[2], *shape[:2]]):
                self._note(
                    f"camera '{key}': config.json says {str(described['shape'])[:60]}, but images are stored as "
                    f"{list(shape)} and were read as such"
                )
            return Feature(key, "image", shape)
        plain = {"dtype": array.dtype.name, "shape": list(shape), "names": described.get("names")}
        return read_feature(key, plain, config_file, self.notes)

    def _check_lengths(self, used: set[str], config: Mapping[str, Any], config_file: Path) -> None:
        """Refuse what was cut short: the original code writes config.json first and leaves it so when it dies."""
        steps, episodes = self._ends[-1], len(self._ends)
        for key in sorted(used & set(self._arrays)):
            array = self._arrays[key]
            if len(array) != steps:
                raise DataError(
                    f"'{array.path}' has {len(array)} steps, but '{EPISODE_ENDS}' ends at {steps}: the conversion was "
                    "interrupted or the copy is not whole; convert the recording itself"
                )
        for name, found in (("num_frames", steps), ("num_episodes", episodes)):
            if field(config, name, int, config_file, found) != found:
                raise DataError(
                    f"'{name}' in '{config_file}' is {config[name]}, but the arrays hold {found}: the conversion was "
                    "interrupted or the copy is not whole; convert the recording itself"
                )

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def is_vita_zarr(path: Path) -> bool:
    """Whether a folder was made by the original code, whole or not."""
    return is_file(path / ".zgroup") and is_file(path / CONFIG) and is_folder(path / "data")


def _episode_ends(root: Path) -> list[int]:
    array = VitaArray(root / EPISODE_ENDS)
    if len(array.shape) != 1 or array.dtype.kind not in "ui":
        raise DataError(f"'{array.path}' is {array.dtype} {list(array.shape)}, but must be whole numbers [E]; {REMEDY}")
    ends = [int(end) for end in array.read(0, len(array))]
    if not ends or any(stop <= start for start, stop in zip([0, *ends], ends, strict=False)):
        raise DataError(
            f"the ends of episodes in '{array.path}' are {str(ends)[:60]}, but must increase from above 0; {REMEDY}"
        )
    return ends


def _tasks(config: Mapping[str, Any], config_file: Path) -> dict[int, str]:
    tasks = field(config, "tasks", dict, config_file, {})
    try:
        return {int(number): str(text) for number, text in tasks.items()}
    except ValueError as error:
        raise DataError(f"'tasks' in '{config_file}' must be numbered texts ({error}); correct it") from error
