"""Writes LeRobot v2.1 datasets: samples now, recordings of a robot later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vita_dataset.episode import EpisodeTable
from vita_dataset.errors import DataError
from vita_dataset.json_files import write_json, write_json_lines
from vita_dataset.lerobot_info import CHUNK_SIZE, DATA_PATH, VIDEO_PATH
from vita_dataset.parquet import write_parquet
from vita_dataset.spec import CameraSpec, VectorSpec
from vita_dataset.stats import RunningImageStats, RunningStats
from vita_dataset.video import check_codec, encode_video

VERSION = "v2.1"


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

    def __init__(self, root: Path, recording: Recording) -> None:
        """Make the folder ``root``, which must not exist yet.

        Raises:
            UsageError: the codec cannot be written here.
        """
        if recording.codec is not None:
            check_codec(recording.codec)
        self._root = root
        self._recording = recording
        self._episodes: list[dict[str, Any]] = []
        self._stats: list[dict[str, Any]] = []
        self._tasks: dict[str, int] = {}
        self._steps = 0
        (root / "meta").mkdir(parents=True)

    def add_episode(self, table: EpisodeTable, frames: Mapping[str, Iterable[NDArray[np.uint8]]]) -> None:
        """Append an episode; its number is the count of those before it.

        Args:
            table: n steps.
            frames: for each camera, n images uint8 [H, W, 3] RGB; consumed once, camera by camera.

        Raises:
            DataError: counts or shapes do not fit.
        """
        recording, steps, number = self._recording, len(table), len(self._episodes)
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
        stats: dict[str, Any] = {}
        for camera in recording.cameras:
            image_stats = RunningImageStats()
            checked = _checked(frames[camera.key], camera, steps, number, image_stats)
            if recording.codec is None:
                images[camera.key] = [_png(image) for image in checked]
            else:
                path = self._root / _place(VIDEO_PATH, number, camera.key)
                path.parent.mkdir(parents=True, exist_ok=True)
                encode_video(path, checked, recording.fps, recording.codec)
            stats[camera.key] = image_stats.result().to_dict()
        for key, values in numbers.items():
            running = RunningStats(values.shape[1] if values.ndim == 2 else 1)
            running.update(values.reshape(steps, -1))
            stats[key] = running.result().to_dict()
        path = self._root / _place(DATA_PATH, number, "")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_parquet(path, numbers, images, _column_types(numbers, images))
        self._episodes.append({"episode_index": number, "tasks": [table.task], "length": steps})
        # LeRobot keeps the count as a list of one.
        self._stats.append(
            {"episode_index": number, "stats": {key: {**s, "count": [s["count"]]} for key, s in stats.items()}}
        )
        self._steps += steps

    def finish(self) -> None:
        """Write the metadata.

        Raises:
            DataError: no episode was added.
        """
        if not self._episodes:
            raise DataError("a dataset without episodes was to be written; record at least one")
        meta = self._root / "meta"
        write_json_lines(meta / "episodes.jsonl", self._episodes)
        write_json_lines(meta / "episodes_stats.jsonl", self._stats)
        write_json_lines(meta / "tasks.jsonl", [{"task_index": i, "task": task} for task, i in self._tasks.items()])
        write_json(meta / "info.json", self._info(), indent=4)

    def _info(self) -> dict[str, Any]:
        recording, episodes = self._recording, len(self._episodes)
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
            "codebase_version": VERSION,
            "robot_type": recording.robot_type,
            "total_episodes": episodes,
            "total_frames": self._steps,
            "total_tasks": len(self._tasks),
            "total_videos": episodes * len(recording.cameras) if video else 0,
            "total_chunks": -(-episodes // CHUNK_SIZE),
            "chunks_size": CHUNK_SIZE,
            "fps": fps,
            "splits": {"train": f"0:{episodes}"},
            "data_path": DATA_PATH,
            "video_path": VIDEO_PATH if video else None,
            "features": features,
        }


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
        stats.update(image[None])
        count += 1
        yield image
    if count != steps:
        raise DataError(f"episode {episode} has {count} frames of '{camera.key}', but {steps} steps")


def _png(image: NDArray[np.uint8]) -> bytes:
    encoded, content = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    assert encoded
    return content.tobytes()


def _place(template: str, episode: int, key: str) -> str:
    return template.format(episode_chunk=episode // CHUNK_SIZE, episode_index=episode, video_key=key)


def _column_types(numbers: Mapping[str, NDArray[Any]], images: Mapping[str, Any]) -> dict[str, Any]:
    """The columns as the Hugging Face ``datasets`` library describes them."""
    types: dict[str, Any] = {key: {"_type": "Image"} for key in images}
    for key, values in numbers.items():
        value = {"dtype": values.dtype.name, "_type": "Value"}
        vector = {"feature": value, "length": values.shape[-1], "_type": "Sequence"}
        types[key] = vector if values.ndim == 2 else value
    return types
