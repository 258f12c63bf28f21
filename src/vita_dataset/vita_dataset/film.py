"""A few pictures of an episode, small enough to be part of a page."""

from __future__ import annotations

import base64
from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from vita_dataset.image import fit_image

HEIGHT = 108
JPEG_QUALITY = 80


def film_strip(frames: Iterable[NDArray[np.uint8]], steps: int, count: int) -> list[tuple[int, str]]:
    """Pictures at equal distances, the first and the last included.

    Args:
        frames: of the episode, uint8 [H, W, 3] RGB, read to the end.
        steps: how many there are.
        count: how many to take, 2 or more; all where there are fewer.

    Returns:
        Step and data URL (JPEG) of each.

    Raises:
        DataError: whatever ``frames`` raises.
    """
    wanted = set(np.linspace(0, steps - 1, count).round().astype(int).tolist())
    return [(step, _data_url(frame)) for step, frame in enumerate(frames) if step in wanted]


def _data_url(image: NDArray[np.uint8]) -> str:
    height = min(HEIGHT, image.shape[0])
    small = fit_image(image, height, max(1, round(image.shape[1] * height / image.shape[0])))
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return f"data:image/jpeg;base64,{base64.b64encode(encoded.tobytes()).decode()}"
