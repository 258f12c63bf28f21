"""Segments of a shared video against a plain decode of all of it."""

import itertools
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lerobot_v3_files import join_videos

from vita_dataset.errors import DataError
from vita_dataset.lerobot_frames import SegmentDecoder
from vita_dataset.lerobot_layout import HALF_FRAME, VideoSegment
from vita_dataset.video import VideoStream, decode_video, encode_video

FPS = 10.0
PARTS = (7, 30, 5, 22)
FRAMES = sum(PARTS)


@pytest.fixture(scope="module", params=["h264", "mpeg4", "av1", "hevc"])
def video(request, tmp_path_factory):
    """A video of four parts, joined as v3.0 joins episodes, and all of its frames."""
    folder = tmp_path_factory.mktemp(request.param)
    noise = np.random.default_rng(0).integers(0, 256, (8, 12, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    shown = itertools.count()
    parts = [folder / f"{number}.mp4" for number in range(len(PARTS))]
    for part, count in zip(parts, PARTS, strict=True):
        encode_video(part, [np.roll(noise, 3 * next(shown), 1) for _ in range(count)], FPS, request.param)
    path = folder / "joined.mp4"
    join_videos(parts, path)
    frames = list(decode_video(path))
    assert len(frames) == FRAMES
    return path, frames


def segment(path, start, count, jitter=0.0):
    return VideoSegment(path, (start + jitter) / FPS, (start + count + jitter) / FPS, HALF_FRAME / FPS)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, FRAMES - 1), st.integers(1, 12), st.floats(-0.45, 0.45), st.booleans()),
        min_size=1,
        max_size=5,
    )
)
def test_segments_in_any_order_equal_a_plain_decode(video, wanted):
    path, frames = video
    decoder = SegmentDecoder()
    for start, count, jitter, to_the_end in wanted:
        with closing(decoder.frames("camera", segment(path, start, count, jitter))) as stream:
            taken = list(stream) if to_the_end else list(itertools.islice(stream, 2))
        expected = frames[start : start + (count if to_the_end else min(count, 2))]
        assert len(taken) == len(expected)
        assert all(np.array_equal(one, other) for one, other in zip(taken, expected, strict=True))


@pytest.fixture
def counted(monkeypatch):
    """The numbers of the frames that were decoded, and how often a file was opened."""
    numbers, opened = [], []
    decode, restart = VideoStream._decode, VideoStream._restart

    def count(stream):
        frame = decode(stream)
        numbers.extend([] if frame is None else [frame.number])
        return frame

    monkeypatch.setattr(VideoStream, "_decode", count)
    monkeypatch.setattr(VideoStream, "_restart", lambda stream: opened.append(1) or restart(stream))
    return numbers, opened


def test_episodes_in_order_decode_each_frame_once(video, counted):
    path, frames = video
    decoder, taken = SegmentDecoder(), []
    for start, count in zip(itertools.accumulate(PARTS, initial=0), PARTS, strict=False):
        taken += decoder.frames("camera", segment(path, start, count))
    assert all(np.array_equal(one, other) for one, other in zip(taken, frames, strict=True))
    numbers, opened = counted
    assert numbers == list(range(FRAMES))
    assert len(opened) == 1


def test_a_lone_segment_does_not_decode_from_the_start(video, counted):
    path, _ = video
    assert len(list(SegmentDecoder().frames("camera", segment(path, FRAMES - 4, 3)))) == 3
    assert len(counted[0]) <= 1 + PARTS[-1]  # the file's first frame, then from the keyframe before


def test_where_the_video_ends_the_segment_does(video):
    path, _ = video
    decoder = SegmentDecoder()
    assert len(list(decoder.frames("c", segment(path, FRAMES - 2, 5)))) == 2
    assert list(decoder.frames("c", segment(path, FRAMES + 50, 5))) == []
    assert len(list(decoder.frames("c", segment(path, 3, 5)))) == 5


def test_a_damaged_file_does_not_stay_open(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"no video")
    decoder = SegmentDecoder()
    for _ in range(2):
        with pytest.raises(DataError, match="truncated or damaged"):
            list(decoder.frames("c", segment(path, 0, 1)))
    encode_video(path, [np.zeros((32, 48, 3), np.uint8)] * 3, FPS)
    assert len(list(decoder.frames("c", segment(path, 0, 3)))) == 3
