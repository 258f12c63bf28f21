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


def write(root, info):
    (root / "meta").mkdir(parents=True, exist_ok=True)
    (root / "meta" / "info.json").write_text(json.dumps(info))
    return root


FIELDS = {"chunk_index": 2, "file_index": 7, "episode_chunk": 2, "episode_index": 1}


def test_paths_are_made_of_the_templates(tmp_path):
    info = read_info(write(tmp_path, {**INFO, "data_path": "d/{chunk_index:02d}/{file_index}.parquet"}))
    assert info.data_file(**FIELDS) == tmp_path / "d/02/7.parquet"
    assert info.video_file("image", **FIELDS) == tmp_path / "videos/image/1.mp4"


def test_a_number_in_a_path_is_no_width(tmp_path):
    info = read_info(write(tmp_path, {**INFO, "data_path": "data20261231/{episode_index:06d}.parquet"}))
    assert info.data_file(**FIELDS) == tmp_path / "data20261231/000001.parquet"


@pytest.mark.parametrize(("version", "stranger"), [("v2.1", "chunk_index"), ("v3.0", "episode_chunk")])
def test_a_field_of_another_version_is_noted(tmp_path, version, stranger):
    template = f"d/{{{stranger}:03d}}/{{episode_index}}.parquet"
    info = read_info(write(tmp_path, {**INFO, "codebase_version": version, "data_path": template}))
    assert info.data_file(**FIELDS) == tmp_path / "d/002/1.parquet"
    assert [note.startswith(f"'data_path' in meta/info.json asks for {stranger},") for note in info.notes] == [True]


@pytest.mark.parametrize(
    ("version", "data", "video"),
    [
        ("v2.0", "data/chunk-002/episode_000001.parquet", "videos/chunk-002/image/episode_000001.mp4"),
        ("v3.0", "data/chunk-002/file-007.parquet", "videos/image/chunk-002/file-007.mp4"),
    ],
)
def test_each_version_has_its_own_paths(tmp_path, version, data, video):
    info = {key: value for key, value in INFO.items() if not key.endswith("_path")}
    info = read_info(write(tmp_path, {**info, "codebase_version": version}))
    assert info.data_file(**FIELDS) == tmp_path / data
    assert info.video_file("image", **FIELDS) == tmp_path / video


@pytest.mark.parametrize(
    "template",
    [
        "{frame_index}",
        "{}",
        "{episode_index",
        "{episode_index.x}",
        "/etc/x",
        "../x",
        "a\0b",
        "x" * 300,
        "{episode_index:0999999999d}",
    ],
)
def test_a_template_that_leads_nowhere_is_refused(tmp_path, template):
    with pytest.raises(DataError, match="'data_path' in"):
        read_info(write(tmp_path, {**INFO, "data_path": template})).data_file(**FIELDS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"codebase_version": "v3.1"}, "v3.1.*v2.0.*v2.1.*v3.0"),
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
    for content in (b"{", b"[]", b"\xff\xfe", b"[" * 100_000, rb'{"a": "\ud800"}'):
        (tmp_path / "meta").mkdir(exist_ok=True)
        (tmp_path / "meta" / "info.json").write_bytes(content)
        with pytest.raises(DataError, match=r"info\.json"):
            read_info(tmp_path)


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
        found.data_file(**FIELDS), found.video_file("image", **FIELDS)
    except DataError as error:
        message = str(error)
    else:
        message = ""
    assert "\n" not in message
