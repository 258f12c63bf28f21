"""The film of an episode."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vita_dataset.episode_video import WAITING, EpisodeVideo, side_by_side
from vita_dataset.errors import DataError
from vita_dataset.video import decode_video


def picture(height, width, value):
    return np.full((height, width, 3), value, np.uint8)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), min_size=1, max_size=4))
def test_every_picture_is_in_the_row(sizes):
    images = [picture(*size, 10 + index) for index, size in enumerate(sizes)]
    row = side_by_side(images)
    assert row.shape[0] % 2 == row.shape[1] % 2 == 0
    assert row.shape[0] - max(height for height, _ in sizes) in (0, 1)
    assert row.shape[1] - sum(width for _, width in sizes) in (0, 1)
    for index, (height, width) in enumerate(sizes):
        assert np.count_nonzero(row == 10 + index) == height * width * 3


def test_frames_come_back_in_order(tmp_path):
    count = 3 * WAITING
    path = tmp_path / "videos" / "episode_1.mp4"
    with EpisodeVideo(path, 30.0) as film:
        for index in range(count):
            film.add([picture(32, 40, 8 * index), picture(32, 40, 255 - 8 * index)])
    frames = list(decode_video(path))
    assert len(frames) == count
    assert frames[0].shape == (32, 80, 3)
    left = [frame[:, 4:36].mean() for frame in frames]
    assert np.allclose(left, 8 * np.arange(count), atol=4)


def test_an_encoder_that_fails_stops_nobody_and_says_why(tmp_path):
    film = EpisodeVideo(tmp_path / "episode_1.mp4", 30.0)
    for index in range(3 * WAITING):
        film.add([picture(32 if index == 0 else 34, 40, 0)])
    with pytest.raises(DataError, match="the first was"):
        film.close()


def test_an_error_in_the_episode_is_not_hidden(tmp_path):
    with pytest.raises(ZeroDivisionError), EpisodeVideo(tmp_path / "episode_1.mp4", 30.0):
        _ = 1 // 0
