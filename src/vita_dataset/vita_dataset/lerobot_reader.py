"""Reads LeRobot datasets, v2.0 and v2.1, with video or embedded images."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vita_dataset.episode import Episode, EpisodeTable
from vita_dataset.errors import DataError
from vita_dataset.lerobot_info import Feature, LeRobotInfo, read_info, read_tasks
from vita_dataset.parquet import ParquetFile
from vita_dataset.spec import CameraSpec, DatasetSpec, SourceSpec, VectorSpec
from vita_dataset.video import decode_video

STATE_NAMES = ("observation.state", "state")
ACTION_NAMES = ("action", "actions")
BOOKKEEPING = {"timestamp", "frame_index", "episode_index", "index", "task_index"}


class LeRobotDataset:
    """A LeRobot dataset in a folder, read episode by episode.

    Attributes:
        spec: what it holds, at the recorded image sizes. The fingerprint is empty until ``fingerprint`` is asked for.
        notes: what was read in spite of how it was written; grows while reading.
        left_out: features that a policy has no use for and that are not read.
    """

    def __init__(self, root: Path) -> None:
        """Read the metadata.

        Raises:
            DataError: not a LeRobot dataset of a known version, damaged, or without state, action or colour camera.
        """
        self._info: LeRobotInfo = read_info(root)
        self.notes: list[str] = list(self._info.notes)
        state = _vector("state", STATE_NAMES, self._info)
        action = _vector("action", ACTION_NAMES, self._info)
        self._cameras = {
            item.key: item for item in self._info.features if item.is_image and not item.is_depth and item.shape[2] == 3
        }
        if not self._cameras:
            raise DataError(
                f"'{root / 'meta/info.json'}' has no colour camera: no feature with dtype video or image and three "
                "channels; record at least one camera"
            )
        used = {state.key, action.key, *self._cameras} | BOOKKEEPING
        self.left_out = [item.key for item in self._info.features if item.key not in used]
        self.spec = DatasetSpec(
            # The name that was given, not the one a symbolic link leads to.
            repo_id="/".join(Path(os.path.normpath(root.absolute())).parts[-2:]),
            fps=self._info.fps,
            cameras=tuple(CameraSpec(item.key, item.shape[0], item.shape[1]) for item in self._cameras.values()),
            state=VectorSpec(state.key, state.shape[0], state.names),
            action=VectorSpec(action.key, action.shape[0], action.names),
            source=SourceSpec(str(root.resolve()), self._info.version, ""),
        )
        self._note_strays()

    @property
    def episode_count(self) -> int:
        """The number of episodes."""
        return len(self._info.tasks)

    def length(self, index: int) -> int:
        """The steps of an episode, from its parquet file.

        Raises:
            DataError: the file is missing, damaged or empty, or episodes.jsonl says otherwise.
        """
        path = self._info.data_file(index)
        steps, promised = len(ParquetFile(path)), self._info.lengths[index]
        if not steps or (promised is not None and promised != steps):
            raise DataError(
                f"'{path}' has {steps} steps, but meta/episodes.jsonl says that episode {index} has "
                f"{promised if promised is not None else 'some'}; copy or record it again"
            )
        return steps

    def episode(self, index: int) -> Episode:
        """An episode: its vectors now, its frames when asked for.

        Raises:
            DataError: no such episode, or its parquet file is missing, damaged, not what info.json says, or out of
                order.
        """
        if not 0 <= index < self.episode_count:
            raise DataError(
                f"episode {index} is not in '{self._info.root}', which has episodes 0 to {self.episode_count - 1}"
            )
        steps = self.length(index)
        parquet = ParquetFile(self._info.data_file(index))
        self._check_bookkeeping(parquet, index)
        state = parquet.numbers(self.spec.state.key, self.spec.state.dim)
        action = parquet.numbers(self.spec.action.key, self.spec.action.dim)
        with np.errstate(over="ignore"):  # too large for float32 becomes infinity, which check_finite refuses
            vectors = (state.astype(np.float32), action.astype(np.float32))
        table = EpisodeTable(index, self._timestamps(parquet, index), *vectors, task=self._task(parquet, index))
        frames: dict[str, Callable[[], Iterator[NDArray[np.uint8]]]] = {
            key: partial(self._frames, index, camera, steps) for key, camera in self._cameras.items()
        }
        return Episode(table, frames)

    def fingerprint(self) -> str:
        """A hash of everything that was recorded: metadata, tables and videos, in a fixed order.

        Raises:
            DataError: a file is missing.
        """
        files = [self._info.root / "meta" / "info.json"]
        for index in range(self.episode_count):
            files.append(self._info.data_file(index))
            files += [self._video(index, key) for key, camera in self._cameras.items() if camera.dtype == "video"]
        digest = hashlib.sha256()
        for path in files:
            try:
                with path.open("rb") as handle:
                    while block := handle.read(1 << 20):
                        digest.update(block)
            except OSError as error:
                raise DataError(
                    f"'{path}' cannot be read ({error.strerror}); copy it again from where the recording was made"
                ) from error
        return f"sha256:{digest.hexdigest()}"

    def _check_bookkeeping(self, parquet: ParquetFile, index: int) -> None:
        """Refuse rows out of order; note rows that say they are another episode's, as merged datasets have them."""
        if "frame_index" in parquet.columns:
            numbers = parquet.numbers("frame_index", 1)[:, 0]
            wrong = np.flatnonzero(numbers != np.arange(len(parquet)))
            if len(wrong):
                step = int(wrong[0])
                raise DataError(
                    f"the frame_index of episode {index} in '{parquet.path}' is {numbers[step]:g} at step {step}, but "
                    "must count from 0 in steps of 1: rows are missing or out of order; mend or drop this episode"
                )
        if "episode_index" in parquet.columns and (parquet.numbers("episode_index", 1) != index).any():
            self._note("episode_index in some tables is another number than their file's, which was taken")

    def _task(self, parquet: ParquetFile, index: int) -> str:
        """From episodes.jsonl, else from the table's first task_index and tasks.jsonl."""
        if self._info.tasks[index] or not self._texts or "task_index" not in parquet.columns:
            return self._info.tasks[index]
        number = float(parquet.numbers("task_index", 1)[0, 0])
        if number not in self._texts:
            self._note(f"meta/tasks.jsonl has no task_index {number:g}, which the tables use")
        return self._texts.get(int(number), "") if number.is_integer() else ""

    @cached_property
    def _texts(self) -> dict[int, str]:
        return read_tasks(self._info.root)

    def _note_strays(self) -> None:
        known = {self._info.data_file(index) for index in range(self.episode_count)}
        first = self._info.data_file(0).relative_to(self._info.root).parts
        folder = self._info.root / first[0] if len(first) > 1 else self._info.root
        strays = sorted(path for path in folder.rglob("*.parquet") if path not in known)
        if strays:
            self._note(
                f"tables beyond the {self.episode_count} episodes of meta/info.json were not read ({len(strays)}, the "
                f"first is '{strays[0].relative_to(self._info.root)}')"
            )

    def _timestamps(self, parquet: ParquetFile, index: int) -> NDArray[np.float64]:
        if "timestamp" not in parquet.columns:
            self._note("the tables have no timestamps; steps are taken to be 1/fps apart")
            return np.arange(len(parquet), dtype=np.float64) / self._info.fps
        stamps = parquet.numbers("timestamp", 1)[:, 0]
        bad = np.flatnonzero(~np.isfinite(stamps))
        back = np.flatnonzero(np.diff(stamps) <= 0)
        if len(bad) or len(back):
            step = int(bad[0] if len(bad) else back[0] + 1)
            raise DataError(
                f"the timestamp of episode {index} in '{parquet.path}' is {stamps[step]} at step {step}, but must be "
                "finite and later than the one before; mend or drop this episode"
            )
        if abs(stamps[0]) * self._info.fps > 0.5:
            self._note("timestamps do not start at 0; they were counted from each episode's first")
        from_start: NDArray[np.float64] = stamps - stamps[0]
        return from_start

    def _frames(self, index: int, camera: Feature, steps: int) -> Iterator[NDArray[np.uint8]]:
        """All frames of one camera, checked against the table's length and the size in info.json."""
        height, width = camera.shape[:2]
        if camera.dtype == "video":
            path = self._video(index, camera.key)
            images = decode_video(path)
        else:
            path = self._info.data_file(index)
            images = self._embedded(path, camera.key)
        count = 0
        for image in images:
            if image.shape != (height, width, 3):
                raise DataError(
                    f"frame {count} of camera '{camera.key}' in '{path}' is {image.shape[0]}x{image.shape[1]} (H x W), "
                    f"but meta/info.json says {height}x{width}; correct the shape in meta/info.json"
                )
            count += 1
            if count > steps:
                break
            yield image
        if count != steps:
            came = f"{count} frames" if count < steps else "more frames"
            raise DataError(
                f"'{path}' has {came}, but episode {index} has {steps} steps: one was truncated or cut otherwise than "
                "the other; record or encode it again, or drop this episode"
            )

    def _embedded(self, path: Path, key: str) -> Iterator[NDArray[np.uint8]]:
        for row, content in enumerate(ParquetFile(path).encoded_images(key)):
            # An EXIF rotation is ignored, as the libraries do that record these images.
            image = cv2.imdecode(
                np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
            )
            if image is None:
                raise DataError(f"row {row} of column '{key}' in '{path}' is not an image that can be decoded")
            yield np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)

    def _video(self, index: int, key: str) -> Path:
        path = self._info.video_file(index, key)
        relative = path.relative_to(self._info.root)
        if not path.exists() and relative.parts[0] == "videos":
            renamed = self._info.root.joinpath("video", *relative.parts[1:])
            if renamed.exists():
                self._note("meta/info.json says videos/, but the videos are in video/ and were read there")
                return renamed
        return path

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def _vector(kind: str, known: tuple[str, ...], info: LeRobotInfo) -> Feature:
    """The state or action feature: by its usual name, else the only one whose last part is such a name."""
    vectors = {item.key: item for item in info.features if not item.is_image and item.key not in BOOKKEEPING}
    found = [vectors[name] for name in known if name in vectors][:1]
    found = found or [item for key, item in vectors.items() if key.split(".")[-1] in known]
    if len(found) != 1 or len(found[0].shape) != 1:
        shown = {key: list(item.shape) for key, item in vectors.items()}
        raise DataError(
            f"'{info.root / 'meta/info.json'}' has no single one-dimensional {kind} feature such as '{known[0]}', but "
            f"{shown}; rename one in meta/info.json and in the tables"
        )
    return found[0]
