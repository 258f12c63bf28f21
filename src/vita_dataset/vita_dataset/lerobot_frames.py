"""The frames of one episode and camera, out of a video or the images in a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_dataset.lerobot_features import Feature
from vita_dataset.lerobot_layout import VideoSegment
from vita_dataset.parquet import ParquetFile
from vita_dataset.video import Video


class FrameReader:
    """Reads ranges of frames; those that are asked for in order are decoded once.

    What was open for a camera stays open after a range. The next range goes on there, or seeks. Ranges may be read at
    the same time: an open video is lent to one of them.
    """

    def __init__(self, threads: int, note: Callable[[str], None]) -> None:
        """Nothing is open yet.

        Args:
            threads: that decode a video, see ``Video``.
            note: takes what was read in spite of how it was written.
        """
        self._threads = threads
        self._note = note
        self._idle: dict[str, Video] = {}

    def video_frames(
        self, camera: Feature, segment: VideoSegment, episode: int, steps: int, wanted: range
    ) -> Iterator[NDArray[np.uint8]]:
        """Yield some frames of a segment in order, uint8 [H, W, 3] RGB.

        Args:
            camera: of the dataset.
            segment: the episode's part of a video.
            episode: its number, for messages.
            steps: how many frames the segment must hold.
            wanted: which of them.

        Raises:
            DataError: the file is missing, damaged or no video, or the segment holds another number of frames.
        """
        with self._lent(camera.key, segment.file) as video:
            if camera.codec not in (None, video.codec):
                self._note(f"camera '{camera.key}': meta/info.json says {camera.codec}, but videos are {video.codec}")
            start, stop = 0, len(video)
            if not segment.is_whole:
                start = video.first_at(segment.start_s - segment.tolerance_s)
                stop = video.first_at(segment.stop_s - segment.tolerance_s)
            count = stop - start
            if count != steps:
                came = f"{count} frames" if count < steps else f"more frames ({count})"
                raise DataError(
                    f"{segment} has {came}, but episode {episode} has {steps} steps: one was truncated or cut "
                    "otherwise than the other; record or encode it again, or drop this episode"
                )
            yield from video.frames(start + wanted.start, start + wanted.stop)

    @contextmanager
    def _lent(self, camera: str, path: Path) -> Iterator[Video]:
        video = self._idle.pop(camera, None)
        if video is not None and video.path != path:
            video.close()
            video = None
        if video is None:
            video = Video(path, self._threads)
        try:
            yield video
        except DataError:
            video.close()
            raise
        finally:
            self._keep(camera, video)

    def _keep(self, camera: str, video: Video) -> None:
        replaced = self._idle.pop(camera, None)
        if replaced is not None:
            replaced.close()
        if video.position is None or video.position == len(video):
            video.close()
        else:
            self._idle[camera] = video


def embedded_frames(table: ParquetFile, key: str) -> Iterator[NDArray[np.uint8]]:
    """Yield the images of a column in order, uint8 [H, W, 3] RGB.

    Raises:
        DataError: no such column, or a row is no image.
    """
    for row, content in enumerate(table.encoded_images(key), table.first_row):
        # An EXIF rotation is ignored, as the libraries do that record these images.
        try:
            image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        except cv2.error:  # of a size or a format that OpenCV will not even try
            image = None
        if image is None:
            raise DataError(
                f"row {row} of column '{key}' in '{table.path}' is not an image that can be decoded; copy the file "
                "again or record it again"
            )
        yield np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)
