"""One frame as a JPEG, written and read by OpenCV alone."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError

# OpenCV 4.10 and later decode to RGB at once; before, the colours are put in order afterwards, to the same pixels.
_DECODES_TO_RGB = hasattr(cv2, "IMREAD_COLOR_RGB")
_DECODE = cv2.IMREAD_COLOR_RGB if _DECODES_TO_RGB else cv2.IMREAD_COLOR


def encode_jpeg(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Compress an image.

    Colour is stored at full resolution (4:4:4). Halving it (4:2:0) makes files a quarter smaller, but doubles the
    error of the colours: on 240x320 recordings at quality 90, 39.6 dB instead of 42.0 dB, and most of it at the edges
    of coloured things, which is where a policy looks. A lower quality saves as much for the same error.

    Args:
        image: uint8 [H, W, 3] RGB.
        quality: 1 to 100.

    Returns:
        uint8 [n], the bytes of a JPEG.
    """
    parameters = (
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    )
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), parameters)
    return encoded


def decode_jpeg(encoded: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Decompress an image.

    Args:
        encoded: uint8 [n], the bytes of a JPEG. A JPEG that ends early decodes to grey pixels without an error, so
            check a sum of the bytes first.
        height: rows that it must have.
        width: columns that it must have.

    Returns:
        uint8 [height, width, 3] RGB.

    Raises:
        DataError: not a JPEG, or one of another size; for the caller to say which.
    """
    try:
        image = cv2.imdecode(encoded, _DECODE) if len(encoded) else None
    except cv2.error:  # of a size that OpenCV will not even try
        image = None
    if image is None:
        raise DataError("it is no JPEG")
    if image.shape != (height, width, 3):
        raise DataError(f"it has {image.shape[0]}x{image.shape[1]} pixels, not {height}x{width}")
    if not _DECODES_TO_RGB:
        cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=image)
    return image  # type: ignore[return-value]
