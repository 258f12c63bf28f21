"""The film of an episode that is seen through camera topics: one frame each period, whatever arrives when."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from vita_dataset.episode_video import EpisodeVideo
from vita_dataset.robot import CameraSource
from vita_policy_node.conversions import decode_image


class Film:
    """Samples the newest picture of each camera at the frame rate, so that a picture that is lost costs no time.

    Args:
        path: the mp4 to write.
        cameras: side by side in this order.
        size: (height, width) of their pictures [pixels].
        rate_hz: frames per second of simulated time.
    """

    def __init__(self, path: Path, cameras: Sequence[CameraSource], size: tuple[int, int], rate_hz: float) -> None:
        self._video = EpisodeVideo(path, rate_hz)
        self._newest: dict[str, Any] = dict.fromkeys(camera.name for camera in cameras)
        self._size = size
        self._rate_hz = rate_hz
        self._begin_ns: int | None = None
        self._frames = 0

    def take(self, camera: str, message: Any) -> None:
        """A camera has sent sensor_msgs/Image or CompressedImage."""
        self._newest[camera] = message

    def has_begun(self) -> bool:
        """Whether there is a first frame."""
        return self._frames > 0

    def run_to(self, time_ns: int) -> None:
        """Add the frames up to a simulated time; the first one when every camera has sent a picture.

        Raises:
            DataError: a message is no picture.
        """
        if None in self._newest.values():
            return
        if self._begin_ns is None:
            self._begin_ns = time_ns
        due = int((time_ns - self._begin_ns) * self._rate_hz / 1e9) + 1
        if due > self._frames:
            pictures = [decode_image(message, *self._size) for message in self._newest.values()]
            for _ in range(due - self._frames):
                self._video.add(pictures)
            self._frames = due

    def __enter__(self) -> Film:
        self._video.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._video.__exit__(kind, error, trace)
