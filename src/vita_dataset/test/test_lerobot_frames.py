"""Segments of a shared video, and ranges of them, against a plain decode of all of it."""

import itertools
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lerobot_v3_files import join_videos
from video_files import picture, plain_decode

from vita_dataset.errors import DataError
from vita_dataset.lerobot_features import Feature
from vita_dataset.lerobot_frames import FrameReader
from vita_dataset.lerobot_layout import HALF_FRAME, VideoSegment
from vita_dataset.video import Video
from vita_dataset.video_encoder import encode_video

FPS = 10.0
PARTS = (7, 30, 5, 22)
FRAMES = sum(PARTS)
CAMERA = Feature("camera", "video", (64, 96, 3))


def reader_of(notes):
    return FrameReader(threads=1, note=notes.append)


@pytest.fixture(scope="module", params=["h264", "mpeg4", "av1", "hevc"])
def video(request, tmp_path_factory):
    """A video of four parts, joined as v3.0 joins episodes, and all of its frames."""
    folder = tmp_path_factory.mktemp(request.param)
    shown = itertools.count()
    parts = [folder / f"{number}.mp4" for number in range(len(PARTS))]
    for part, count in zip(parts, PARTS, strict=True):
        encode_video(part, [picture(next(shown)) for _ in range(count)], FPS, request.param)
    path = folder / "joined.mp4"
    join_videos(parts, path)
    frames = plain_decode(path)
    assert len(frames) == FRAMES
    return path, frames


def segment(path, start, count, jitter=0.0):
    return VideoSegment(path, (start + jitter) / FPS, (start + count + jitter) / FPS, HALF_FRAME / FPS)


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_ranges_of_segments_in_any_order_equal_a_plain_decode(video, data):
    path, frames = video
    reader = reader_of([])
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, FRAMES - 1))
        count = data.draw(st.integers(1, min(12, FRAMES - start)))
        first = data.draw(st.integers(0, count))
        stop = data.draw(st.integers(first, count))
        part = segment(path, start, count, data.draw(st.floats(-0.45, 0.45)))
        most = data.draw(st.sampled_from([2, None]))  # a reader may stop early
        with closing(reader.video_frames(CAMERA, part, 0, count, range(first, stop))) as stream:
            taken = list(itertools.islice(stream, most))
        expected = frames[start + first : start + stop][:most]
        assert len(taken) == len(expected)
        assert all(np.array_equal(one, other) for one, other in zip(taken, expected, strict=True))


@pytest.fixture
def counted(monkeypatch):
    """The frames that were decoded, and how often a file was opened."""
    decoded, opened = [], []
    decode, start = Video._decode, Video.__init__

    def count(video):
        frame = decode(video)
        decoded.extend([] if frame is None else [frame.pts])
        return frame

    monkeypatch.setattr(Video, "_decode", count)
    monkeypatch.setattr(Video, "__init__", lambda video, *given: opened.append(1) or start(video, *given))
    return decoded, opened


def test_episodes_in_order_decode_each_frame_once(video, counted):
    path, frames = video
    reader, taken = reader_of([]), []
    for start, count in zip(itertools.accumulate(PARTS, initial=0), PARTS, strict=False):
        part = segment(path, start, count)
        for first in range(0, count, 8):  # in ranges, as a conversion asks for them
            taken += reader.video_frames(CAMERA, part, 0, count, range(first, min(first + 8, count)))
    np.testing.assert_array_equal(taken, frames)
    decoded, opened = counted
    assert decoded == sorted(decoded)
    assert len(decoded) == FRAMES
    assert len(opened) == 1


def test_a_lone_segment_does_not_decode_from_the_start(video, counted):
    path, _ = video
    part = segment(path, FRAMES - 4, 3)
    assert len(list(reader_of([]).video_frames(CAMERA, part, 0, 3, range(3)))) == 3
    assert len(counted[0]) <= PARTS[-1]  # from the keyframe before


def test_two_ranges_of_a_camera_may_be_read_at_once(video):
    path, frames = video
    reader = reader_of([])
    parts = [reader.video_frames(CAMERA, segment(path, start, 5), 0, 5, range(5)) for start in (2, 40)]
    for step in range(5):
        np.testing.assert_array_equal(next(parts[0]), frames[2 + step])
        np.testing.assert_array_equal(next(parts[1]), frames[40 + step])


@pytest.mark.parametrize(
    ("start", "count", "steps", "message"),
    [
        (FRAMES - 2, 5, 5, r"from 6\.200 to 6\.700 s has 2 frames, but episode 3 has 5 steps"),
        (FRAMES + 50, 5, 5, "has 0 frames"),
        (3, 6, 5, r"has more frames \(6\), but episode 3 has 5 steps"),
    ],
)
def test_every_range_notices_that_the_count_is_wrong(video, start, count, steps, message):
    path, frames = video
    reader = reader_of([])
    for first in (0, steps - 1):
        with pytest.raises(DataError, match=message):
            next(reader.video_frames(CAMERA, segment(path, start, count), 3, steps, range(first, steps)))
    whole = reader.video_frames(CAMERA, VideoSegment(path), 3, FRAMES, range(FRAMES - 1, FRAMES))
    np.testing.assert_array_equal(list(whole), frames[-1:])


def test_a_damaged_file_does_not_stay_open(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"no video")
    reader = reader_of([])
    for _ in range(2):
        with pytest.raises(DataError, match="truncated or damaged"):
            list(reader.video_frames(CAMERA, segment(path, 0, 1), 0, 1, range(1)))
    encode_video(path, [np.zeros((32, 48, 3), np.uint8)] * 3, FPS)
    assert len(list(reader.video_frames(CAMERA, segment(path, 0, 3), 0, 3, range(3)))) == 3


def test_another_codec_than_info_says_is_noted(tmp_path):
    path = tmp_path / "a.mp4"
    encode_video(path, [np.zeros((64, 96, 3), np.uint8)] * 3, FPS, "mpeg4")
    for named, said in (
        ("mpeg4", []),
        (None, []),
        ("h264", ["camera 'camera': meta/info.json says h264, but videos are mpeg4"]),
    ):
        notes = []
        camera = replace(CAMERA, codec=named)
        assert len(list(reader_of(notes).video_frames(camera, VideoSegment(path), 0, 3, range(3)))) == 3
        assert notes == said
