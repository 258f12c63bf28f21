"""The frames of one episode and camera, out of a video or the images in a table."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_dataset.lerobot_layout import VideoSegment
from vita_dataset.parquet import ParquetFile
from vita_dataset.video import VideoStream


class SegmentDecoder:
    """Decodes segments of shared videos, each file once for episodes that are read in order.

    The decoder of each camera stays open after a segment. The next one goes on there, or seeks. Segments may be read at
    the same time: a decoder in use is never shared.
    """

    def __init__(self) -> None:
        self._idle: dict[str, VideoStream] = {}

    def frames(self, camera: str, segment: VideoSegment) -> Iterator[NDArray[np.uint8]]:
        """Yield the frames of a segment in order, uint8 [H, W, 3] RGB.

        Raises:
            DataError: the file is missing, damaged or no video.
        """
        stream = self._idle.pop(camera, None)
        if stream is None or stream.path != segment.file:
            if stream is not None:
                stream.close()
            stream = VideoStream(segment.file)
        try:
            stream.go_to(segment.start_s - segment.tolerance_s)
            while (frame := stream.peek()) is not None and frame.time_s < segment.stop_s - segment.tolerance_s:
                stream.take()
                yield frame.image()
        except DataError:
            stream.close()
            raise
        finally:
            self._keep(camera, stream)

    def _keep(self, camera: str, stream: VideoStream) -> None:
        replaced = self._idle.pop(camera, None)
        if replaced is not None:
            replaced.close()
        if stream.at_end:
            stream.close()
        else:
            self._idle[camera] = stream


def embedded_frames(table: ParquetFile, key: str) -> Iterator[NDArray[np.uint8]]:
    """Yield the images of a column in order, uint8 [H, W, 3] RGB.

    Raises:
        DataError: no such column, or a row is no image.
    """
    for row, content in enumerate(table.encoded_images(key), table.first_row):
        # An EXIF rotation is ignored, as the libraries do that record these images.
        image = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if image is None:
            raise DataError(f"row {row} of column '{key}' in '{table.path}' is not an image that can be decoded")
        yield np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)
