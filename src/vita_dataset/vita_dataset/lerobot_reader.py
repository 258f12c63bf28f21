"""Reads LeRobot datasets, v2.0 to v3.0, with video or embedded images."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vita_dataset.content_hash import hash_files
from vita_dataset.episode import Episode, EpisodeTable, FrameSource, step_range
from vita_dataset.errors import DataError
from vita_dataset.lerobot_features import Feature
from vita_dataset.lerobot_frames import FrameReader, embedded_frames
from vita_dataset.lerobot_info import SHARED_FILES_VERSION, LeRobotInfo, read_info
from vita_dataset.lerobot_layout import EpisodeFiles
from vita_dataset.lerobot_steps import check_in_order, times_from_start
from vita_dataset.lerobot_v2 import OwnFiles
from vita_dataset.lerobot_v3 import SharedFiles
from vita_dataset.lerobot_vectors import BOOKKEEPING, action_feature, state_feature
from vita_dataset.parquet import ParquetFile
from vita_dataset.spec import CameraSpec, DatasetSpec, SourceSpec, VectorSpec
from vita_dataset.video import ALL_CORES


class LeRobotDataset:
    """A LeRobot dataset in a folder, read episode by episode.

    Attributes:
        spec: what it holds, at the recorded image sizes. The fingerprint is empty until ``fingerprint`` is asked for.
        notes: what was read in spite of how it was written; grows while reading.
        left_out: features that a policy has no use for and that are not read.
    """

    def __init__(
        self,
        root: Path,
        *,
        threads: int = ALL_CORES,
        state_key: str | None = None,
        action_key: str | None = None,
    ) -> None:
        """Read the metadata.

        Args:
            root: the folder.
            threads: that decode a video; see ``vita_dataset.video.Video``.
            state_key: the measured vector; None: by its name.
            action_key: the commanded vector; None: by its name.

        Raises:
            DataError: not a LeRobot dataset of a known version, damaged, or without state, action or colour camera.
            UsageError: it does not have the vectors that were named.
        """
        self._info: LeRobotInfo = read_info(root)
        self.notes: list[str] = list(self._info.notes)
        info_path = root / "meta" / "info.json"
        action = action_feature(self._info.features, info_path, self._note, action_key)
        state = state_feature(self._info.features, action, info_path, self._note, state_key)
        self._cameras = {
            item.key: item for item in self._info.features if item.is_image and not item.is_depth and item.shape[2] == 3
        }
        if not self._cameras:
            raise DataError(
                f"'{info_path}' has no colour camera: no feature with dtype video or image and three "
                "channels; record at least one camera"
            )
        self._vectors = (state, action)
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
        self._reader = FrameReader(threads, self._note)

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
        stamps = parquet.numbers("timestamp", 1)[:, 0] if "timestamp" in parquet.columns else None
        times_s = times_from_start(stamps, len(parquet), self._info.fps, index, str(parquet.path), self._note)
        table = EpisodeTable(index, times_s, *vectors, task=self._task(parquet, index))
        frames: dict[str, FrameSource] = {
            key: partial(self._frames, index, camera, parquet) for key, camera in self._cameras.items()
        }
        return Episode(table, frames)

    def source_episode(self, index: int) -> int:
        """The number of the episode itself."""
        return index

    def fingerprint(self, episodes: Sequence[int] | None = None) -> str:
        """A hash of everything that was recorded: metadata, tables and videos, in a fixed order.

        Args:
            episodes: whose files count; None: those of all.

        Raises:
            DataError: a file is missing.
        """
        return hash_files(self._files.recorded(self._video_keys, episodes))

    def _check_bookkeeping(self, parquet: ParquetFile, index: int) -> None:
        """Refuse rows out of order; note what the columns are or lack in spite of meta/info.json."""
        if "frame_index" in parquet.columns:
            check_in_order(parquet.numbers("frame_index", 1)[:, 0], index, str(parquet.path))
        if "episode_index" in parquet.columns and (parquet.numbers("episode_index", 1) != index).any():
            # Merged datasets have it so.
            self._note("episode_index in some tables is another number than their file's, which was taken")
        missing = [name for name in ("frame_index", "index", "task_index") if name not in parquet.columns]
        if missing:
            self._note(f"some tables have no {', '.join(missing)}; their rows were taken in the order written")
        for vector in self._vectors:
            found = parquet.number_type(vector.key)
            if found != vector.dtype:
                self._note(
                    f"'{vector.key}' is {found} in some tables, {vector.dtype} in meta/info.json; stored as float32"
                )

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

    def _frames(
        self, index: int, camera: Feature, table: ParquetFile, first: int = 0, stop: int | None = None
    ) -> Iterator[NDArray[np.uint8]]:
        """Frames of one camera in an episode, checked against the size in info.json."""
        wanted = step_range(first, stop, len(table))
        if camera.dtype == "image":
            where, images = f"'{table.path}'", embedded_frames(table.rows(wanted.start, wanted.stop), camera.key)
        else:
            segment = self._files.video(index, camera.key)
            where = str(segment)
            images = self._reader.video_frames(camera, segment, index, len(table), wanted)
        height, width = camera.shape[:2]
        for step, image in zip(wanted, images, strict=True):
            if image.shape != (height, width, 3):
                raise DataError(
                    f"frame {step} of camera '{camera.key}' in {where} is {image.shape[0]}x{image.shape[1]} (H x W), "
                    f"but meta/info.json says {height}x{width}; correct the shape in meta/info.json"
                )
            yield image

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)
