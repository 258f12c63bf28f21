import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from video_files import KINDS, plain_decode, write_video

from vita_dataset.errors import DataError
from vita_dataset.video import Video, decode_video
from vita_dataset.video_encoder import encode_video

FRAMES = 41


def ramp(count, size=(32, 48)):
    return [np.full((*size, 3), 20 * index, np.uint8) for index in range(count)]


@pytest.fixture(scope="module", params=KINDS)
def video(request, tmp_path_factory):
    """A video and all of its frames."""
    path = write_video(tmp_path_factory.mktemp("video") / f"{request.param}.mp4", request.param, FRAMES)
    return path, plain_decode(path)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.integers(0, FRAMES), st.integers(0, 9)), min_size=1, max_size=5), st.sampled_from([0, 1]))
def test_any_range_is_that_part_of_a_plain_decode(video, ranges, threads):
    path, frames = video
    opened = Video(path, threads)
    assert len(opened) == len(frames) == FRAMES
    for first, count in ranges:
        stop = min(first + count, FRAMES)
        for ours, plain in zip(opened.frames(first, stop), frames[first:stop], strict=True):
            np.testing.assert_array_equal(ours, plain)
    opened.close()


def test_two_ranges_of_one_video_may_take_turns(video):
    path, frames = video
    opened = Video(path)
    for step, (one, other) in enumerate(zip(opened.frames(3, 6), opened.frames(30, 33), strict=True)):
        np.testing.assert_array_equal(one, frames[3 + step])
        np.testing.assert_array_equal(other, frames[30 + step])
    opened.close()


@pytest.fixture
def decoded(monkeypatch):
    """A list that grows by one with each frame decoded."""
    frames = []
    decode = Video._decode

    def count(video):
        picture = decode(video)
        frames.extend([] if picture is None else [picture.pts])
        return picture

    monkeypatch.setattr(Video, "_decode", count)
    return frames


@pytest.mark.parametrize("kind", ["h264-gop2", "h264-open", "mpeg4-b", "hevc-gop8", "av1-gop2"])
def test_a_range_costs_one_group_of_pictures_more_than_its_frames(tmp_path, decoded, kind):
    path = write_video(tmp_path / "a.mp4", kind, FRAMES)
    group = int(KINDS[kind][1]["g"])
    for first in range(0, FRAMES, 5):
        opened = Video(path)
        decoded.clear()
        assert len(list(opened.frames(first, min(first + 3, FRAMES)))) == min(3, FRAMES - first)
        assert len(decoded) <= 3 + group
        opened.close()


def test_ranges_in_order_decode_each_frame_once(video, decoded):
    path, frames = video
    opened = Video(path)
    taken = [image for first in range(0, FRAMES, 7) for image in opened.frames(first, min(first + 7, FRAMES))]
    np.testing.assert_array_equal(taken, frames)
    assert len(decoded) == FRAMES
    opened.close()


def test_frames_are_found_by_time(tmp_path):
    path = tmp_path / "a.mp4"
    encode_video(path, ramp(6), 10.0)
    opened = Video(path)
    assert [opened.first_at(time_s) for time_s in (-1.0, 0.0, 0.05, 0.35, 0.6)] == [0, 0, 1, 4, 6]
    opened.close()


@pytest.mark.parametrize("content", [b"", b"no video at all" * 100])
def test_what_cannot_be_decoded(tmp_path, content):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.mp4' is truncated or damaged"):
        list(decode_video(path))
    with pytest.raises(DataError, match=r"b\.mp4' is missing"):
        list(decode_video(tmp_path / "b.mp4"))


def test_a_truncated_file_is_named(tmp_path):
    path = tmp_path / "a.mp4"
    encode_video(path, ramp(10), 30.0)
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(DataError, match="truncated"):
        list(decode_video(path))


@pytest.mark.parametrize("codec", ["h264", "mpeg4"])
def test_damage_that_the_decoder_flags_is_named(tmp_path, codec, capfd):
    path = tmp_path / "a.mp4"
    big = np.random.default_rng(0).integers(0, 256, (20, 24, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    encode_video(path, [big[2 * step : 2 * step + 96, 2 * step : 2 * step + 128] for step in range(30)], 30.0, codec)
    content = path.read_bytes()
    start = content.index(b"mdat")
    size = int.from_bytes(content[start - 4 : start], "big")
    refused = 0
    for place in range(start + size // 10, start + size - 8, size // 20):
        flipped = bytes(byte ^ 255 for byte in content[place : place + 4])
        path.write_bytes(content[:place] + flipped + content[place + 4 :])
        try:
            list(decode_video(path))
        except DataError as error:
            refused += bool(re.search(r"frame \d+ of the video '.*a\.mp4' is damaged", str(error)))
    assert refused >= 3
