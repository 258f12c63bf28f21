import numpy as np
import pytest

from vita_dataset.errors import DataError
from vita_dataset.image import fit_image


def test_the_right_size_is_not_copied():
    image = np.zeros((4, 6, 3), np.uint8)
    assert fit_image(image, 4, 6) is image


def test_shrinking_averages_areas():
    image = np.zeros((4, 4, 3), np.uint8)
    image[::2, ::2] = 200
    np.testing.assert_array_equal(fit_image(image, 2, 2), np.full((2, 2, 3), 50))


@pytest.mark.parametrize(("height", "width"), [(8, 12), (2, 12), (3, 5)])
def test_any_size_comes_out_contiguous(height, width):
    image = np.full((4, 6, 6), 7, np.uint8)[..., ::2]
    fitted = fit_image(image, height, width)
    assert fitted.shape == (height, width, 3)
    assert fitted.flags["C_CONTIGUOUS"]
    assert (fitted == 7).all()


@pytest.mark.parametrize("image", [np.zeros((4, 6, 3)), np.zeros((4, 6), np.uint8), np.zeros((0, 6, 3), np.uint8)])
def test_anything_but_rgb_bytes_is_refused(image):
    with pytest.raises(DataError, match=r"uint8 \[H, W, 3\] RGB"):
        fit_image(image, 2, 2)
