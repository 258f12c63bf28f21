"""Writes LeRobot datasets, v2.1 or v3.0: samples, demonstrations of a simulated arm, recordings of a robot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vita_dataset.episode import EpisodeTable
from vita_dataset.errors import DataError, UsageError
from vita_dataset.image_stats import RunningImageStats
from vita_dataset.json_files import write_json
from vita_dataset.lerobot_info import SHARED_FILES_VERSION
from vita_dataset.lerobot_output import FileLimits, RecordingFiles, WrittenEpisode
from vita_dataset.lerobot_v2_writer import SeparateFiles
from vita_dataset.lerobot_v3_writer import SharedFilesWriter
from vita_dataset.spec import CameraSpec, VectorSpec
from vita_dataset.stats import FeatureStats, RunningStats
from vita_dataset.video_encoder import check_codec

VERSION = "v2.1"
VERSIONS = (VERSION, SHARED_FILES_VERSION)
"""The versions that can be written."""


@dataclass(frozen=True)
class Recording:
    """What is the same for all episodes of a dataset being written.

    Attributes:
        fps: steps per second [Hz].
        robot_type: the robot's name.
        cameras: key and size of each camera.
        state: key, width and names of the measured vector.
        action: key, width and names of the commanded vector.
        codec: video codec ("h264", "mpeg4", "av1", "hevc"); None embeds lossless PNG images in the tables.
    """

    fps: float
    robot_type: str
    cameras: Sequence[CameraSpec]
    state: VectorSpec
    action: VectorSpec
    codec: str | None = "h264"


class LeRobotWriter:
    """One dataset being written; ``finish`` writes meta/info.json, without which it cannot be opened."""

    def __init__(
        self, root: Path, recording: Recording, version: str = VERSION, *, limits: FileLimits | None = None
    ) -> None:
        """Make the folder ``root``, which must not exist yet.

        Args:
            root: the dataset's folder.
            recording: what it will hold.
            version: one of ``VERSIONS``.
            limits: where shared files end; None for LeRobot's own limits. v2.1 shares no files.

        Raises:
            UsageError: an unknown version, or a codec that cannot be written here.
        """
        check_version(version)
        if recording.codec is not None:
            check_codec(recording.codec)
        self._root = root
        self._recording = recording
        self._version = version
        self._files: RecordingFiles = (
            SharedFilesWriter(root, recording.fps, recording.codec, limits or FileLimits())
            if version == SHARED_FILES_VERSION
            else SeparateFiles(root, recording.fps, recording.codec)
        )
        self._tasks: dict[str, int] = {}
        self._vector_stats: dict[str, RunningStats] = {}
        self._image_stats = {camera.key: RunningImageStats() for camera in recording.cameras}
        self._episodes = 0
        self._steps = 0
        (root / "meta").mkdir(parents=True)

    def add_episode(self, table: EpisodeTable, frames: Mapping[str, Iterable[NDArray[np.uint8]]]) -> None:
        """Append an episode; its number is the count of those before it.

        After an error the dataset is to be given up: what came of the episode until then stays in its files and
        counts.

        Args:
            table: n steps.
            frames: for each camera, n images uint8 [H, W, 3] RGB; consumed once, camera by camera.

        Raises:
            DataError: counts or shapes do not fit.
        """
        recording, steps, number = self._recording, len(table), self._episodes
        for values, vector in ((table.state, recording.state), (table.action, recording.action)):
            if values.shape != (steps, vector.dim):
                raise DataError(
                    f"'{vector.key}' of episode {number} is {list(values.shape)}, not {[steps, vector.dim]}"
                )
        task = self._tasks.setdefault(table.task, len(self._tasks))
        numbers: dict[str, NDArray[Any]] = {
            recording.state.key: table.state.astype(np.float32),
            recording.action.key: table.action.astype(np.float32),
            "timestamp": table.timestamps_s.astype(np.float32),
            "frame_index": np.arange(steps, dtype=np.int64),
            "episode_index": np.full(steps, number, dtype=np.int64),
            "index": np.arange(self._steps, self._steps + steps, dtype=np.int64),
            "task_index": np.full(steps, task, dtype=np.int64),
        }
        images: dict[str, list[bytes]] = {}
        stats: dict[str, FeatureStats] = {}
        for camera in recording.cameras:
            seen = RunningImageStats()
            checked = _checked(frames[camera.key], camera, steps, number, seen)
            if recording.codec is None:
                images[camera.key] = [_png(image) for image in checked]
            else:
                self._files.add_video(camera.key, checked)
            stats[camera.key] = seen.result()
            self._image_stats[camera.key].merge(seen.sums())
        for key, values in numbers.items():
            stats[key] = self._count(key, values.reshape(steps, -1))
        self._files.add_table(numbers, images)
        self._files.end_episode(WrittenEpisode(number, self._steps, steps, table.task, stats))
        self._episodes += 1
        self._steps += steps

    def finish(self) -> None:
        """Write the metadata.

        Raises:
            DataError: no episode was added.
        """
        if not self._episodes:
            raise DataError("a dataset without episodes was to be written; record at least one")
        stats = {key: running.result() for key, running in (self._image_stats | self._vector_stats).items()}
        layout = self._files.finish(list(self._tasks), stats)
        write_json(self._root / "meta" / "info.json", self._info(layout), indent=4)

    def _count(self, key: str, rows: NDArray[Any]) -> FeatureStats:
        """Statistics of an episode's rows [n, dim], which also go to those of all episodes."""
        running = RunningStats(rows.shape[1])
        for each in (running, self._vector_stats.setdefault(key, RunningStats(rows.shape[1]))):
            each.update(rows)
        return running.result()

    def _info(self, layout: Mapping[str, Any]) -> dict[str, Any]:
        recording = self._recording
        video = recording.codec is not None
        fps = int(recording.fps) if float(recording.fps).is_integer() else recording.fps
        features: dict[str, Any] = {}
        for camera in recording.cameras:
            shape = [camera.height, camera.width, camera.channels]
            features[camera.key] = {
                "dtype": "video" if video else "image",
                "shape": shape,
                "names": ["height", "width", "channels"],
            }
            if video:
                features[camera.key]["info"] = {
                    "video.fps": fps,
                    "video.height": camera.height,
                    "video.width": camera.width,
                    "video.channels": camera.channels,
                    "video.codec": recording.codec,
                    "video.pix_fmt": "yuv420p",
                    "video.is_depth_map": False,
                    "has_audio": False,
                }
        for vector in (recording.state, recording.action):
            names = None if vector.names is None else list(vector.names)
            features[vector.key] = {"dtype": "float32", "shape": [vector.dim], "names": names}
        features["timestamp"] = {"dtype": "float32", "shape": [1], "names": None}
        for key in ("frame_index", "episode_index", "index", "task_index"):
            features[key] = {"dtype": "int64", "shape": [1], "names": None}
        return {
            "codebase_version": self._version,
            "robot_type": recording.robot_type,
            "total_episodes": self._episodes,
            "total_frames": self._steps,
            "total_tasks": len(self._tasks),
            "fps": fps,
            "splits": {"train": f"0:{self._episodes}"},
            **layout,
            "features": features,
        }


def check_version(version: str) -> None:
    """Refuse a version that cannot be written.

    Raises:
        UsageError: it is not one of ``VERSIONS``.
    """
    if version not in VERSIONS:
        raise UsageError(f"LeRobot {version} cannot be written; choose one of {list(VERSIONS)}")


def _checked(
    frames: Iterable[NDArray[np.uint8]], camera: CameraSpec, steps: int, episode: int, stats: RunningImageStats
) -> Iterator[NDArray[np.uint8]]:
    """Pass frames on, counted, checked and added to the statistics."""
    count = 0
    for image in frames:
        if image.dtype != np.uint8 or image.shape != (camera.height, camera.width, camera.channels):
            raise DataError(
                f"frame {count} of '{camera.key}' in episode {episode} is {image.dtype} {list(image.shape)}, not uint8 "
                f"{[camera.height, camera.width, camera.channels]}"
            )
        stats.update(image)
        count += 1
        yield image
    if count != steps:
        raise DataError(f"episode {episode} has {count} frames of '{camera.key}', but {steps} steps")


def _png(image: NDArray[np.uint8]) -> bytes:
    encoded, content = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    assert encoded
    return content.tobytes()
