"""The film of an episode: its cameras side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Full, Queue
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from vita_dataset.video_encoder import encode_video

Picture = NDArray[np.uint8]

WAITING = 8
"""Frames that may wait for the encoder before ``add`` waits for it: bounds the memory of a long episode."""


class EpisodeVideo:
    """Writes an H.264 mp4 frame by frame while the episode runs; the encoder has a thread of its own.

    Args:
        path: the mp4 to write; its folder is made.
        fps: frames per second [Hz].
    """

    def __init__(self, path: Path, fps: float) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._frames: Queue[Picture | None] = Queue(WAITING)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="video")
        self._encoding = self._thread.submit(encode_video, path, self._stream(), fps)

    def add(self, images: Sequence[Picture]) -> None:
        """Append one frame.

        Args:
            images: one of each camera, uint8 [H, W, 3] RGB, the same sizes and order in every frame.
        """
        self._put(side_by_side(images))

    def close(self) -> int:
        """Finish the file.

        Returns:
            The number of frames written.

        Raises:
            DataError: no frame was added, or their sizes differ.
        """
        self._put(None)
        self._thread.shutdown(wait=True)
        return self._encoding.result()

    def __enter__(self) -> EpisodeVideo:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
            return
        self._put(None)
        self._thread.shutdown(wait=True)

    def _put(self, frame: Picture | None) -> None:
        # An encoder that failed takes no more frames; close() tells why.
        while not self._encoding.done():
            try:
                self._frames.put(frame, timeout=0.1)
                return
            except Full:
                continue

    def _stream(self) -> Iterator[Picture]:
        while (frame := self._frames.get()) is not None:
            yield frame


def side_by_side(images: Sequence[Picture]) -> Picture:
    """Pictures in one row, black below the lower ones; sides are made even, as video needs them.

    Args:
        images: uint8 [H, W, 3], one or more.

    Returns:
        uint8 [H', W', 3], H' the largest height and W' the sum of the widths, each rounded up to even.
    """
    height = max(image.shape[0] for image in images)
    width = sum(image.shape[1] for image in images)
    row = np.zeros((height + height % 2, width + width % 2, 3), np.uint8)
    left = 0
    for image in images:
        row[: image.shape[0], left : left + image.shape[1]] = image
        left += image.shape[1]
    return row
