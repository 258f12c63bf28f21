"""Pixels are counted right, whole and in parts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vita_dataset.errors import DataError
from vita_dataset.image_stats import RunningImageStats

IMAGES = hnp.arrays(np.uint8, st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9), st.just(3)))


def gathered(images):
    running = RunningImageStats()
    for image in images:
        running.update(image)
    return running


@settings(max_examples=100, deadline=None)
@given(images=IMAGES)
def test_statistics_are_those_of_all_pixels_per_channel(images):
    result, whole = gathered(images).result(), images / 255.0
    for name in ("mean", "std", "min", "max"):
        expected = getattr(np, name)(whole, axis=(0, 1, 2)).reshape(3, 1, 1)
        np.testing.assert_allclose(getattr(result, name), expected, atol=1e-7)
    for share, found in ((1, result.q01), (99, result.q99)):  # small images are counted whole
        below = (whole <= found.reshape(3)).mean(axis=(0, 1, 2))
        under = (whole < found.reshape(3)).mean(axis=(0, 1, 2))
        assert (below >= share / 100 - 1e-12).all()
        assert (under < share / 100 + 1e-12).all()
    assert result.count == len(images)


@settings(max_examples=50, deadline=None)
@given(images=IMAGES, cut=st.integers(0, 4))
def test_parts_give_the_statistics_of_the_whole(images, cut):
    parts = RunningImageStats()
    for part in (images[:cut], images[cut:]):
        if len(part):
            parts.merge(gathered(part).sums())
    merged, whole = parts.result(), gathered(images).result()
    for name in ("mean", "std", "min", "max", "q01", "q99"):
        np.testing.assert_allclose(getattr(merged, name), getattr(whole, name), atol=1e-12)
    assert merged.count == whole.count


def test_quantiles_of_large_images_are_sampled_all_over_them():
    rng = np.random.default_rng(0)
    images = rng.normal(120, 20, (30, 480, 64, 3)).clip(0, 255).astype(np.uint8)
    images[:, ::2] //= 2  # rows differ: a fixed choice of rows would see one kind only
    result = gathered(images).result()
    for share, found in ((1, result.q01), (99, result.q99)):
        np.testing.assert_allclose(found[:, 0, 0], np.percentile(images, share, axis=(0, 1, 2)) / 255, atol=2 / 255)


def test_no_images_have_no_statistics():
    with pytest.raises(DataError, match="at least one step"):
        RunningImageStats().result()
