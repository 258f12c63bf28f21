"""Black and standing pictures are found where they were put, and nothing else."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vita_dataset.camera_watch import Stretch, black_stretches, still_stretches
from vita_dataset.picture_watch import PictureWatch, joined
from vita_dataset.video import decode_video
from vita_dataset.video_encoder import encode_video

FPS = 10.0
RANGES = np.array([2.0])


def scene(step, level=128):
    image = np.full((32, 48, 3), level, np.uint8)
    image[8:24, (3 * step) % 40 : (3 * step) % 40 + 8] = 255
    return image


def moving(steps):
    return np.linspace(-1, 1, steps, dtype=np.float32)[:, None]


def look(frames, first=0):
    watch = PictureWatch(first)
    for image in frames:
        watch.add(image)
    return watch.result()


class Seen:
    """What is found in an episode, however it is cut."""

    def __init__(self, frames, state=None, cuts=()):
        state = moving(len(frames)) if state is None else state
        bounds = [0, *cuts, len(frames)]
        whole = joined([look(frames[first:stop], first) for first, stop in pairwise(bounds)])
        self.black = black_stretches(3, whole)
        self.still = still_stretches(3, whole, state, FPS)


watch = Seen


def frozen(watched, ranges=RANGES):
    return [item.stretch for item in watched.still if item.is_frozen(ranges)]


CUTS = st.sets(st.integers(1, 29), max_size=4).map(sorted)


@settings(max_examples=150, deadline=None)
@given(levels=st.lists(st.sampled_from([0, 1, 60, 63, 200]), min_size=30, max_size=40), cuts=CUTS)
def test_where_an_episode_is_cut_makes_no_difference(levels, cuts):
    frames = [np.full((16, 16, 3), level, np.uint8) for level in levels]
    whole, parts = watch(frames), watch(frames, cuts=cuts)
    assert parts.black == whole.black
    assert [item.stretch for item in parts.still] == [item.stretch for item in whole.still]
    for one, other in zip(parts.still, whole.still, strict=True):
        np.testing.assert_array_equal(one.moved, other.moved)


def test_slow_changes_add_up_across_cuts():
    frames = [scene(0, 60 + 4 * step) for step in range(40)]
    assert frozen(watch(frames, cuts=range(1, 40))) == []


def test_a_whole_episode_needs_no_pictures():
    whole = look([scene(step) for step in range(9)])
    kept = whole.without_pictures()
    assert (kept.head.size, kept.tail.size) == (0, 0)
    assert (kept.first, kept.last, kept.black, kept.still) == (whole.first, whole.last, whole.black, whole.still)
    assert joined([kept]) is kept


def test_nothing_to_look_at():
    with pytest.raises(ValueError, match="no picture"):
        PictureWatch().result()


@settings(max_examples=40, deadline=None)
@given(steps=st.integers(1, 40), first=st.integers(0, 39), length=st.integers(1, 40))
def test_black_stretches(steps, first, length):
    first = min(first, steps - 1)
    last = min(steps, first + length) - 1
    frames = [scene(step) for step in range(steps)]
    for step in range(first, last + 1):
        frames[step] = np.full((32, 48, 3), step % 3, np.uint8)  # what is left of a sensor's noise
    watched = watch(frames)
    assert watched.black == [Stretch(3, first, last)]
    assert frozen(watched) == []


@settings(max_examples=40, deadline=None)
@given(steps=st.integers(30, 40), first=st.integers(0, 10), length=st.integers(1, 18))
def test_standing_stretches(steps, first, length):
    frames = [scene(step) for step in range(steps)]
    for step in range(first, first + length):
        frames[step] = frames[first]
    assert frozen(watch(frames)) == ([Stretch(3, first, first + length - 1)] if length >= 10 else [])


def test_a_picture_may_stand_while_the_robot_does():
    frames = [scene(0)] * 20
    assert len(watch(frames).still) == 1
    assert frozen(watch(frames)) == [Stretch(3, 0, 19)]
    noise = np.random.default_rng(0).normal(0, 1e-3, (20, 1)).astype(np.float32)
    assert frozen(watch(frames, noise)) == []
    assert frozen(watch(frames, noise), np.array([0.005])) == []  # a joint that only trembles has a small range
    assert frozen(watch(frames, np.full((20, 1), np.nan, np.float32))) == []


def test_slow_changes_add_up():
    frames = [scene(0, 60 + 4 * step) for step in range(40)]
    assert frozen(watch(frames)) == []


def test_a_standing_picture_in_a_video_is_still_one(tmp_path):
    noisy = np.random.default_rng(0).integers(60, 200, (48, 64, 3)).astype(np.uint8)
    frames = [np.kron(noisy[::8, ::8], np.ones((8, 8, 1), np.uint8))] * 30
    encode_video(tmp_path / "a.mp4", frames, FPS)
    assert frozen(watch(list(decode_video(tmp_path / "a.mp4")))) == [Stretch(3, 0, 29)]


@pytest.mark.parametrize(("stretch", "text"), [((4, 4), "step 4"), ((4, 6), "steps 4 to 6")])
def test_stretches_in_words(stretch, text):
    assert str(Stretch(0, *stretch)) == text
    assert Stretch(0, 4, 6).to_dict() == {"episode": 0, "from": 4, "to": 6}
