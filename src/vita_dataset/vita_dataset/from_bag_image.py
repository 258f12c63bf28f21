"""A camera's message as the picture that a recording stores: the pixels that the node would see."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError

RAW = "sensor_msgs/msg/Image"
COMPRESSED = "sensor_msgs/msg/CompressedImage"
TRANSPORTS = {"raw": RAW, "compressed": COMPRESSED}
"""The message of each transport of a robot file."""

_CHANNELS = {"rgb8": 3, "bgr8": 3, "rgba8": 4, "bgra8": 4, "mono8": 1}
_TO_RGB = {
    "bgr8": cv2.COLOR_BGR2RGB,
    "rgba8": cv2.COLOR_RGBA2RGB,
    "bgra8": cv2.COLOR_BGRA2RGB,
    "mono8": cv2.COLOR_GRAY2RGB,
}


def picture(message: Any, kind: str) -> NDArray[np.uint8]:
    """Decode a camera's message.

    Args:
        message: as rosbags reads it.
        kind: ``RAW``, in an 8-bit encoding, or ``COMPRESSED``, jpeg or png.

    Returns:
        uint8 [H, W, 3] RGB. It may share the message's memory.

    Raises:
        DataError: another encoding (depth, sensor patterns), or data that is not the picture it says.
    """
    return _raw(message) if kind == RAW else _compressed(message)


def _raw(message: Any) -> NDArray[np.uint8]:
    channels = _CHANNELS.get(message.encoding)
    if channels is None:
        raise DataError(
            f"an image has the encoding '{message.encoding}', but must have one of {list(_CHANNELS)}; "
            "record the camera's colour topic"
        )
    row = message.width * channels
    if row == 0 or message.height == 0 or message.step < row or len(message.data) != message.step * message.height:
        raise DataError(
            f"an image of {message.height}x{message.width} (H x W) in '{message.encoding}' must have rows of {row} "
            f"bytes or more and as many as its height, but has rows of {message.step} and {len(message.data)} bytes "
            "in all; check the camera's driver"
        )
    rows = np.asarray(message.data, dtype=np.uint8).reshape(message.height, message.step)[:, :row]
    pixels = np.ascontiguousarray(rows).reshape(message.height, message.width, channels)
    code = _TO_RGB.get(message.encoding)
    return pixels if code is None else np.asarray(cv2.cvtColor(pixels, code), dtype=np.uint8)


def _compressed(message: Any) -> NDArray[np.uint8]:
    content = np.asarray(message.data, dtype=np.uint8)
    try:
        decoded = cv2.imdecode(content, cv2.IMREAD_COLOR) if len(content) else None
    except cv2.error:
        decoded = None
    if decoded is None:
        raise DataError(
            f"a compressed image in the format '{message.format}' is no whole jpeg or png; check the camera's driver"
        )
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), dtype=np.uint8)
