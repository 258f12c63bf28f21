from __future__ import annotations

import numpy as np
import pytest
from sim_support import robot_of

from vita_dataset.errors import DataError
from vita_dataset.video import decode_video
from vita_sim.film import Film
from vita_sim.messages import image_message

SECOND_NS = 10**9
CAMERAS = robot_of("lift").cameras
SIZE = (32, 48)


def picture(value: int) -> np.ndarray:
    return np.full((*SIZE, 3), value, np.uint8)


def show(film: Film, value: int, *cameras: int) -> None:
    for index in cameras:
        film.take(CAMERAS[index].name, image_message(CAMERAS[index], picture(value), SECOND_NS))


def test_there_is_a_frame_for_each_period_whatever_arrives(tmp_path):
    with Film(tmp_path / "film.mp4", CAMERAS, SIZE, 10.0) as film:
        show(film, 40, 0)
        film.run_to(SECOND_NS)
        assert not film.has_begun()
        show(film, 80, 1)
        film.run_to(2 * SECOND_NS)
        assert film.has_begun()
        show(film, 200, 0)
        film.run_to(2 * SECOND_NS + SECOND_NS // 20)
        film.run_to(3 * SECOND_NS)
    frames = list(decode_video(tmp_path / "film.mp4"))
    assert len(frames) == 11
    assert frames[0].shape == (32, 96, 3)
    np.testing.assert_allclose([frames[0][:, :40].mean(), frames[0][:, 56:].mean()], [40, 80], atol=4)
    np.testing.assert_allclose([frames[-1][:, :40].mean(), frames[-1][:, 56:].mean()], [200, 80], atol=4)


def test_what_is_no_picture_is_refused(tmp_path):
    with Film(tmp_path / "film.mp4", CAMERAS, SIZE, 10.0) as film:
        show(film, 10, 0, 1)
        film.run_to(SECOND_NS)
        broken = image_message(CAMERAS[0], picture(0), SECOND_NS)
        broken.step = 1
        film.take(CAMERAS[0].name, broken)
        with pytest.raises(DataError, match="check the camera driver"):
            film.run_to(2 * SECOND_NS)
