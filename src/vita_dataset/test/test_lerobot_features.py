from pathlib import Path

import pytest

from vita_dataset.errors import DataError
from vita_dataset.lerobot_features import read_feature


def read(key="it", **description):
    notes = []
    return read_feature(key, description, Path("info.json"), notes), notes


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a", "b"], ("a", "b")),
        ([["a", "b"]], ("a", "b")),
        ({"motors": ["a", "b"]}, ("a", "b")),
        ({"motors": [["a", "b"]]}, ("a", "b")),
        ({"left": ["a"], "right": ["b"]}, ("a", "b")),
        ([["a"], ["b"]], ("a", "b")),
        ([], None),
        (None, None),
    ],
)
def test_every_way_to_write_names(names, expected):
    feature, notes = read(dtype="float32", shape=[2], names=names)
    assert feature.names == expected
    assert ["are nested" in note for note in notes] == ([] if names in (["a", "b"], [], None) else [True])


@pytest.mark.parametrize("names", [["state"], ["a", "a"], ["a", "b", "c"], {"l": ["a"], "r": ["a"]}, [1, 2], ["a", ""]])
def test_names_that_tell_nothing_apart_are_ignored_and_noted(names):
    feature, notes = read(dtype="float32", shape=[2], names=names)
    assert feature.names is None
    assert "feature 'it'" in notes[0]


def test_channel_first_shapes_are_turned():
    feature, notes = read(dtype="video", shape=[3, 224, 320])
    assert feature.shape == (224, 320, 3)
    assert "channel-first" in notes[0]


@pytest.mark.parametrize(
    "details",
    [
        {"info": {"video.is_depth_map": True}},
        {"info": {"is_depth_map": True}},
        {"video_info": {"video.is_depth_map": True}},
    ],
)
def test_depth_is_told_from_colour(details):
    assert read(dtype="video", shape=[4, 6, 3], **details)[0].is_depth
    assert not read(dtype="video", shape=[4, 6, 3], info={"video.is_depth_map": False})[0].is_depth


@pytest.mark.parametrize(
    ("details", "codec"),
    [
        ({"info": {"video.codec": "av1"}}, "av1"),
        ({"info": None, "video_info": {"video.codec": "h264"}}, "h264"),
        ({"info": {"video.codec": 3}}, None),
        ({}, None),
    ],
)
def test_the_codec_that_a_video_is_said_to_have(details, codec):
    assert read(dtype="video", shape=[4, 6, 3], **details)[0].codec == codec


@pytest.mark.parametrize("key", ["", "a/b", ".", "..", "a\0b", "\ud800", "é" * 128])
def test_names_that_are_no_folder_are_refused(key):
    with pytest.raises(DataError, match="cannot name a folder"):
        read(key, dtype="float32", shape=[1])
