"""The one place where an image changes its size between a recording or camera and the network's input."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError


def fit_image(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Bring an image to the size that the dataset stores.

    Converter and node both call this, so a policy sees the same pixels in training and on the robot.
    Area averaging when both sides shrink (no aliasing), bilinear otherwise. An image of the right size is
    returned as it is, without a copy.

    Args:
        image: uint8 [H, W, 3] RGB.
        height: wanted rows.
        width: wanted columns.

    Returns:
        uint8 [height, width, 3] RGB, C-contiguous.

    Raises:
        DataError: not uint8, not three channels, or empty.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise DataError(
            f"an image must be uint8 [H, W, 3] RGB, but came as {image.dtype} {list(image.shape)}; "
            "check the encoding of the camera or the recording"
        )
    if image.shape[:2] == (height, width):
        return np.ascontiguousarray(image)
    shrinks = height <= image.shape[0] and width <= image.shape[1]
    resized = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.ascontiguousarray(resized, dtype=np.uint8)
