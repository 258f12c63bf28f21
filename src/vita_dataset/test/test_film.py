import base64

import cv2
import numpy as np
import pytest

from vita_dataset.film import HEIGHT, film_strip


@pytest.mark.parametrize(("steps", "expected"), [(1, [0]), (2, [0, 1]), (10, [0, 3, 6, 9])])
def test_first_and_last_are_in_it(steps, expected):
    frames = (np.full((240, 320, 3), (200, 20, 20), np.uint8) for _ in range(steps))
    strip = film_strip(frames, steps, 4)
    assert [step for step, _ in strip] == expected
    kind, content = strip[0][1].split(",")
    assert kind == "data:image/jpeg;base64"
    image = cv2.imdecode(np.frombuffer(base64.b64decode(content), np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (HEIGHT, 144, 3)
    assert np.abs(image[:, :, ::-1].astype(int) - (200, 20, 20)).max() < 12


def test_small_pictures_keep_their_size():
    ((_, url),) = film_strip([np.zeros((8, 1, 3), np.uint8)], 1, 4)
    image = cv2.imdecode(np.frombuffer(base64.b64decode(url.split(",")[1]), np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (8, 1, 3)
