"""The files of one camera's frames, written in order: raw chunks or shards of JPEGs.

The file of row r begins with row ``r - r % rows_per_file``, so that two writers whose first rows are multiples of it
never touch the same file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_dataset.image_codec import ImageCodec
from vita_dataset.jpeg import decode_jpeg, encode_jpeg
from vita_dataset.raw_chunks import MAX_IMAGE_ROWS, ChunkWriter, rows_per_chunk
from vita_dataset.shards import ShardWriter
from vita_dataset.spec import CameraSpec

JPEG_SHRINKS_BY = 4
"""At least, but for noise. Files of JPEGs are sized by it: few megabytes, and a moderate number of frames."""


class FrameWriter(Protocol):
    """Appends the frames of one camera."""

    def append(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Add one frame, uint8 [H, W, 3] RGB; a full file is written under a temporary name and renamed.

        Returns:
            The pixels as a reader will get them: the same array from raw chunks, others from JPEG.

        Raises:
            DataError: not an image of the camera's size.
            OSError: the file cannot be written.
        """
        ...

    def __len__(self) -> int:
        """The frames that were added."""
        ...

    def close(self) -> None:
        """Write the last file, which may be part filled.

        Raises:
            OSError: the file cannot be written.
        """
        ...


def rows_per_file(camera: CameraSpec, codec: ImageCodec) -> int:
    """The frames in each file but the last: a power of two, at most 256."""
    frame_bytes = camera.height * camera.width * camera.channels
    if codec.quality is not None:
        frame_bytes = -(-frame_bytes // JPEG_SHRINKS_BY)
    return rows_per_chunk(frame_bytes, MAX_IMAGE_ROWS)


def frame_writer(folder: Path, camera: CameraSpec, codec: ImageCodec, first_row: int = 0) -> FrameWriter:
    """Begin to write the frames of a camera, or a part of them.

    Args:
        folder: of the array; it is made, and files in it are replaced.
        camera: what the frames are like.
        codec: how to store them.
        first_row: the step of the first frame, a multiple of ``rows_per_file(camera, codec)``.
    """
    rows = rows_per_file(camera, codec)
    if first_row % rows:
        raise ValueError(f"the first row {first_row} is not a multiple of {rows}, so it shares a file with others")
    if codec.quality is None:
        return _RawWriter(folder, camera, first_row)
    return _JpegWriter(folder, camera, codec.quality, rows, first_row)


class _RawWriter:
    def __init__(self, folder: Path, camera: CameraSpec, first_row: int) -> None:
        self._camera = camera
        shape = (camera.height, camera.width, camera.channels)
        self._rows = ChunkWriter(folder, shape, "uint8", MAX_IMAGE_ROWS, first_row)

    def append(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        _check(image, self._camera)
        self._rows.append(image)
        return image

    def __len__(self) -> int:
        return len(self._rows)

    def close(self) -> None:
        self._rows.close()


class _JpegWriter:
    def __init__(self, folder: Path, camera: CameraSpec, quality: int, rows: int, first_row: int) -> None:
        self._camera = camera
        self._quality = quality
        self._shards = ShardWriter(folder, rows, 4, first_row)
        self._count = 0

    def append(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        _check(image, self._camera)
        encoded = encode_jpeg(image, self._quality)
        self._shards.append(encoded.tobytes())
        self._count += 1
        return decode_jpeg(encoded, self._camera.height, self._camera.width)

    def __len__(self) -> int:
        return self._count

    def close(self) -> None:
        self._shards.close()


def _check(image: NDArray[np.uint8], camera: CameraSpec) -> None:
    expected = (camera.height, camera.width, camera.channels)
    if image.shape != expected or image.dtype != np.uint8:
        raise DataError(
            f"a frame of '{camera.key}' is {image.dtype} {list(image.shape)}, not uint8 {list(expected)}; "
            "record all frames of a camera in one size"
        )
