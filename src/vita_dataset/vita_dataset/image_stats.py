"""Statistics of pixels, gathered while the images pass by."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_dataset.stats import FeatureStats

SAMPLED_ROWS = 60
"""About so many rows of each image are counted for the quantiles, other ones each time."""


@dataclass(frozen=True, eq=False)
class ImageSums:
    """What is known of the pixels of some images, per channel.

    Attributes:
        images: how many.
        pixels: how many, in all of them.
        mean: float64 [3], levels 0 to 255.
        m2: float64 [3], sum of squared distances from the mean.
        low: uint8 [3], the smallest level.
        high: uint8 [3], the largest level.
        histogram: int64 [3, 256], how many of the sampled pixels have each level.
    """

    images: int
    pixels: int
    mean: NDArray[np.float64]
    m2: NDArray[np.float64]
    low: NDArray[np.uint8]
    high: NDArray[np.uint8]
    histogram: NDArray[np.int64]


class RunningImageStats:
    """Accumulates uint8 images [H, W, 3] of one size into per-channel statistics of pixels in [0, 1], shape [3, 1, 1].

    Mean, standard deviation and bounds are those of all pixels. Quantiles are those of a sample of rows that is spread
    over the image and moves on with each: counting every pixel would take as long as decoding it. Bounds are no longer
    looked for once the sample has shown the levels 0 and 255 in all channels.

    Attributes:
        count: images so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self._pixels = 0
        self._mean = np.zeros(3)
        self._m2 = np.zeros(3)
        self._histogram = np.zeros((3, 256), dtype=np.int64)
        self._low: NDArray[np.uint8] | None = None
        self._high: NDArray[np.uint8] | None = None
        self._bounded = False

    def update(self, image: NDArray[np.uint8]) -> None:
        """Add an image, uint8 [H, W, 3]."""
        mean, deviation = (np.asarray(found[:, 0], np.float64) for found in cv2.meanStdDev(image))
        pixels = image.shape[0] * image.shape[1]
        self._merge(pixels, mean, deviation**2 * pixels)  # exact: 8-bit levels are summed as integers
        if not self._bounded:
            # Bounds of each place, with vector instructions; those of the channel are taken once, at the end.
            if self._low is None or self._high is None:
                self._low, self._high = image.copy(), image.copy()
            cv2.min(self._low, image, self._low)
            cv2.max(self._high, image, self._high)
        step = max(1, image.shape[0] // SAMPLED_ROWS)
        rows = image[self.count % step :: step]
        for channel in range(3):
            counts = cv2.calcHist([rows], [channel], None, [256], [0, 256])
            self._histogram[channel] += counts[:, 0].astype(np.int64)
        self._bounded = bool(self._histogram[:, [0, -1]].all())
        self.count += 1

    def _merge(self, pixels: int, mean: NDArray[np.float64], m2: NDArray[np.float64]) -> None:
        """Chan et al. 1979."""
        total = self._pixels + pixels
        delta = mean - self._mean
        self._m2 += m2 + delta**2 * (self._pixels * pixels / total)
        self._mean += delta * (pixels / total)
        self._pixels = total

    def sums(self) -> ImageSums:
        """All that is known, in a form that can be kept and merged.

        Raises:
            DataError: nothing was added.
        """
        if self._low is None or self._high is None:
            raise DataError("statistics of no images were asked for; the dataset needs at least one step")
        low, high = self._low.min(axis=(0, 1)), self._high.max(axis=(0, 1))
        if self._bounded:
            low, high = np.zeros(3, np.uint8), np.full(3, 255, np.uint8)
        return ImageSums(
            self.count, self._pixels, self._mean.copy(), self._m2.copy(), low, high, self._histogram.copy()
        )

    def merge(self, other: ImageSums) -> None:
        """Add what was gathered elsewhere."""
        self._merge(other.pixels, other.mean, other.m2)
        low, high = other.low.reshape(1, 1, 3), other.high.reshape(1, 1, 3)
        self._low = low.copy() if self._low is None else np.minimum(self._low, low)
        self._high = high.copy() if self._high is None else np.maximum(self._high, high)
        self._histogram += other.histogram
        self.count += other.images

    def result(self) -> FeatureStats:
        """The statistics so far, [3, 1, 1] each.

        Raises:
            DataError: nothing was added.
        """
        sums = self.sums()
        sampled = sums.histogram.sum(axis=1, keepdims=True)
        ranks = sums.histogram.cumsum(axis=1)
        q01, q99 = ((ranks >= -(-sampled * share // 100)).argmax(axis=1) for share in (1, 99))
        levels = (sums.mean, np.sqrt(sums.m2 / sums.pixels), sums.low, sums.high)
        mean, std, low, high, q01, q99 = (
            np.asarray(values, dtype=np.float64).reshape(3, 1, 1) / 255.0 for values in (*levels, q01, q99)
        )
        return FeatureStats(mean, std, low, high, sums.images, q01, q99)
