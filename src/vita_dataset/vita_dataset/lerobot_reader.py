"""Reads LeRobot datasets, v2.0 to v3.0, with video or embedded images."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vita_dataset.episode import Episode, EpisodeTable
from vita_dataset.errors import DataError
from vita_dataset.lerobot_features import Feature
from vita_dataset.lerobot_frames import SegmentDecoder, embedded_frames
from vita_dataset.lerobot_info import SHARED_FILES_VERSION, LeRobotInfo, read_info
from vita_dataset.lerobot_layout import EpisodeFiles
from vita_dataset.lerobot_v2 import OwnFiles
from vita_dataset.lerobot_v3 import SharedFiles
from vita_dataset.lerobot_vectors import BOOKKEEPING, action_feature, state_feature
from vita_dataset.parquet import ParquetFile
from vita_dataset.spec import CameraSpec, DatasetSpec, SourceSpec, VectorSpec
from vita_dataset.video import decode_video


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
        action = action_feature(self._info, self._note)
        state = state_feature(self._info, action, self._note)
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
        self._files: EpisodeFiles = (
            SharedFiles(self._info, self._video_keys, self._note)
            if self._info.version == SHARED_FILES_VERSION
            else OwnFiles(self._info, self._note)
        )
        self._segments = SegmentDecoder()

    @property
    def episode_count(self) -> int:
        """The number of episodes."""
        return self._info.total_episodes

    def length(self, index: int) -> int:
        """The steps of an episode, from its table.

        Raises:
            DataError: the table is missing, damaged or empty, or the list of episodes says otherwise.
        """
        return len(self._files.table(index))

    def episode(self, index: int) -> Episode:
        """An episode: its vectors now, its frames when asked for.

        Raises:
            DataError: no such episode, or its table is missing, damaged, not what info.json says, or out of order.
        """
        if not 0 <= index < self.episode_count:
            raise DataError(
                f"episode {index} is not in '{self._info.root}', which has episodes 0 to {self.episode_count - 1}"
            )
        parquet = self._files.table(index)
        self._check_bookkeeping(parquet, index)
        state = parquet.numbers(self.spec.state.key, self.spec.state.dim)
        action = parquet.numbers(self.spec.action.key, self.spec.action.dim)
        with np.errstate(over="ignore"):  # too large for float32 becomes infinity, which check_finite refuses
            vectors = (state.astype(np.float32), action.astype(np.float32))
        table = EpisodeTable(index, self._timestamps(parquet, index), *vectors, task=self._task(parquet, index))
        frames: dict[str, Callable[[], Iterator[NDArray[np.uint8]]]] = {
            key: partial(self._frames, index, camera, parquet) for key, camera in self._cameras.items()
        }
        return Episode(table, frames)

    def fingerprint(self) -> str:
        """A hash of everything that was recorded: metadata, tables and videos, in a fixed order.

        Raises:
            DataError: a file is missing.
        """
        digest = hashlib.sha256()
        for path in self._files.recorded(self._video_keys):
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
        """From the list of episodes, else from the table's first task_index and the list of tasks."""
        task = self._files.task(index)
        if task or not self._texts or "task_index" not in parquet.columns:
            return task
        number = float(parquet.numbers("task_index", 1)[0, 0])
        if number not in self._texts:
            self._note(f"the tables use task_index {number:g}, which the tasks in meta/ do not have")
        return self._texts.get(int(number), "") if number.is_integer() else ""

    @cached_property
    def _texts(self) -> Mapping[int, str]:
        return self._files.tasks()

    @property
    def _video_keys(self) -> list[str]:
        return [key for key, camera in self._cameras.items() if camera.dtype == "video"]

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

    def _frames(self, index: int, camera: Feature, table: ParquetFile) -> Iterator[NDArray[np.uint8]]:
        """All frames of one camera, checked against the table's length and the size in info.json."""
        height, width = camera.shape[:2]
        where, images = self._images(index, camera, table)
        count, steps = 0, len(table)
        for image in images:
            if image.shape != (height, width, 3):
                raise DataError(
                    f"frame {count} of camera '{camera.key}' in {where} is {image.shape[0]}x{image.shape[1]} (H x W), "
                    f"but meta/info.json says {height}x{width}; correct the shape in meta/info.json"
                )
            count += 1
            if count > steps:
                break
            yield image
        if count != steps:
            came = f"{count} frames" if count < steps else "more frames"
            raise DataError(
                f"{where} has {came}, but episode {index} has {steps} steps: one was truncated or cut otherwise than "
                "the other; record or encode it again, or drop this episode"
            )

    def _images(self, index: int, camera: Feature, table: ParquetFile) -> tuple[str, Iterator[NDArray[np.uint8]]]:
        """Where the frames of an episode are, for messages, and the frames."""
        if camera.dtype == "image":
            return f"'{table.path}'", embedded_frames(table, camera.key)
        segment = self._files.video(index, camera.key)
        if segment.is_whole:
            return str(segment), decode_video(segment.file)
        return str(segment), self._segments.frames(camera.key, segment)

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)
