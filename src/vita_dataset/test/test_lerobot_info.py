import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vita_dataset.errors import DataError
from vita_dataset.lerobot_info import read_info

INFO = {
    "codebase_version": "v2.1",
    "fps": 30,
    "total_episodes": 2,
    "chunks_size": 1,
    "data_path": "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet",
    "video_path": "videos/{video_key}/{episode_index}.mp4",
    "features": {
        "state": {"dtype": "float32", "shape": [2], "names": ["a", "b"]},
        "image": {"dtype": "video", "shape": [4, 6, 3], "names": None},
    },
}


def write(root, info, episodes=None):
    (root / "meta").mkdir(parents=True, exist_ok=True)
    (root / "meta" / "info.json").write_text(json.dumps(info))
    if episodes is not None:
        (root / "meta" / "episodes.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in episodes))
    return root


def with_feature(**description):
    info = copy.deepcopy(INFO)
    info["features"]["it"] = description
    return info


def test_reads_paths_by_episode(tmp_path):
    info = read_info(write(tmp_path, INFO, [{"episode_index": 1, "length": 7}, {"episode_index": 0, "tasks": ["go"]}]))
    assert info.data_file(1) == tmp_path / "data/chunk-001/episode_000001.parquet"
    assert info.video_file(0, "image") == tmp_path / "videos/image/0.mp4"
    assert info.lengths == (None, 7)
    assert info.tasks == ("go", "")


def test_chunk_index_is_another_name_for_episode_chunk(tmp_path):
    info = read_info(write(tmp_path, {**INFO, "data_path": "d/{chunk_index:02d}/{episode_index}.parquet"}))
    assert info.data_file(1) == tmp_path / "d/01/1.parquet"


@pytest.mark.parametrize("template", ["{file_index}", "{}", "{episode_index", "{episode_index.x}", "/etc/x", "../x"])
def test_a_template_that_leads_nowhere_is_refused(tmp_path, template):
    with pytest.raises(DataError, match="data_path"):
        read_info(write(tmp_path, {**INFO, "data_path": template})).data_file(0)


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
def test_every_way_to_write_names(tmp_path, names, expected):
    info = read_info(write(tmp_path, with_feature(dtype="float32", shape=[2], names=names)))
    assert info.features[-1].names == expected
    assert not info.notes


@pytest.mark.parametrize("names", [["state"], ["a", "a"], ["a", "b", "c"], {"l": ["a"], "r": ["a"]}, [1, 2], ["a", ""]])
def test_names_that_tell_nothing_apart_are_ignored_and_noted(tmp_path, names):
    info = read_info(write(tmp_path, with_feature(dtype="float32", shape=[2], names=names)))
    assert info.features[-1].names is None
    assert "feature 'it'" in info.notes[0]


def test_channel_first_shapes_are_turned(tmp_path):
    info = read_info(write(tmp_path, with_feature(dtype="video", shape=[3, 224, 320])))
    assert info.features[-1].shape == (224, 320, 3)
    assert "channel-first" in info.notes[0]


def test_depth_is_told_from_colour(tmp_path):
    depth = {"dtype": "video", "shape": [4, 6, 3], "info": {"video.is_depth_map": True}}
    assert read_info(write(tmp_path, with_feature(**depth))).features[-1].is_depth


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"codebase_version": "v3.0"}, "v3.0.*v2.0.*v2.1"),
        ({"codebase_version": None}, "codebase_version.*is missing"),
        ({"fps": 0}, "'fps'.*above 0 and plausible"),
        ({"fps": "30"}, "'fps'.*must be int or float"),
        ({"total_episodes": True}, "total_episodes"),
        ({"features": []}, "'features'.*must be dict"),
        ({"features": {"a/b": {"dtype": "int64", "shape": [1]}}}, "a/b"),
        ({"features": {"a": {"dtype": "video", "shape": [4]}}}, r"must be \[H, W, C\]"),
        ({"features": {"a": {"dtype": "float32", "shape": [-1]}}}, "whole numbers"),
        ({"features": {"a": 3}}, "must be an object"),
    ],
)
def test_wrong_metadata_is_named(tmp_path, change, message):
    with pytest.raises(DataError, match=message):
        read_info(write(tmp_path, {**INFO, **change}))


def test_a_folder_that_is_no_dataset(tmp_path):
    with pytest.raises(DataError, match=r"not a LeRobot dataset.*meta/info\.json"):
        read_info(tmp_path)
    for content in (b"{", b"[]", b"\xff\xfe", b"[" * 100_000):
        (tmp_path / "meta").mkdir(exist_ok=True)
        (tmp_path / "meta" / "info.json").write_bytes(content)
        with pytest.raises(DataError, match=r"info\.json"):
            read_info(tmp_path)


@pytest.mark.parametrize(
    ("episodes", "message"),
    [
        ([{"episode_index": 0}], r"lists 1 episodes.*there are 2 \(missing: \[1\]\)"),
        ([{"episode_index": 0}, {"episode_index": 2}], r"missing: \[1\]"),
        ([{"episode_index": index} for index in range(3)], "lists 3 episodes"),
        ([{"index": 0}], "line 1 of"),
        ([3], "line 1 of"),
    ],
)
def test_episodes_that_do_not_add_up(tmp_path, episodes, message):
    with pytest.raises(DataError, match=message):
        read_info(write(tmp_path, INFO, episodes))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(
        [(key,) for key in INFO]
        + [
            ("features", "state", "names"),
            ("features", "image", "shape"),
            ("features", "state", "dtype"),
            ("features", "state"),
        ]
    ),
    value=JSON,
)
def test_mutated_metadata_never_ends_in_a_traceback(tmp_path, path, value):
    info = copy.deepcopy(INFO)
    place = info
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    try:
        found = read_info(write(tmp_path, info))
        found.data_file(0), found.video_file(0, "image")
    except DataError as error:
        message = str(error)
    else:
        message = ""
    assert "\n" not in message
