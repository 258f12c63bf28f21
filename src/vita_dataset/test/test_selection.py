import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vita_dataset.errors import DataError, UsageError
from vita_dataset.selection import Selection, SourceRequest, parse_episodes, select
from vita_dataset.sources import open_source

FRONT, WRIST = "observation.images.front", "observation.images.wrist"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0:3,5", (0, 1, 2, 5)),
        ("5, 0:3", (5, 0, 1, 2)),
        (":", tuple(range(8))),
        ("6:", (6, 7)),
        (":-6", (0, 1)),
        ("-1,-3:-1", (7, 5, 6)),
        ("2:8", (2, 3, 4, 5, 6, 7)),
    ],
)
def test_lists_of_episodes(text, expected):
    assert parse_episodes(text, 8) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' must be a number or a range such as 0:50"),
        ("1,,2", "'' must be a number"),
        ("a", "'a' must be a number"),
        ("0:8:2", "without a step"),
        ("1_0", "'1_0' must be"),
        ("9" * 5000, "must be a number"),
        ("8", "do not exist: there are 8, numbered from 0"),
        ("-9", "do not exist"),
        ("0:9", "'0:9' in the list of episodes '0:9' names episodes that do not exist"),
        ("3:3", "is empty"),
        ("0:3,2", r"episodes \[2\] are asked for more than once"),
        ("7,-1", r"episodes \[7\] are asked for more than once"),
    ],
)
def test_what_is_no_list_of_episodes(text, message):
    with pytest.raises(UsageError, match=message):
        parse_episodes(text, 8)


BOUND = st.none() | st.integers(-12, 12)


@given(st.integers(1, 10), st.lists(st.tuples(BOUND, BOUND) | st.integers(-12, 12), min_size=1, max_size=4))
def test_a_list_means_what_python_means_by_it(count, parts):
    written = [
        "".join([f"{a if a is not None else ''}:{b if b is not None else ''}"])
        if isinstance(part, tuple)
        else str(part)
        for part in parts
        for a, b in [part if isinstance(part, tuple) else (0, 0)]
    ]
    expected = []
    for part in parts:
        episodes = list(range(count))
        expected += episodes[slice(*part)] if isinstance(part, tuple) else episodes[part : part + 1 or None]
    try:
        found = parse_episodes(",".join(written), count)
    except UsageError:
        outside = [b for part in parts for b in (part if isinstance(part, tuple) else (part,)) if b is not None]
        empty = [part for part in parts if isinstance(part, tuple) and not range(count)[slice(*part)]]
        assert len(set(expected)) < len(expected) or empty or any(not -count <= b < count for b in outside)
    else:
        assert list(found) == expected


@given(st.text("0123456789:,- +_x", max_size=12), st.integers(1, 5))
def test_any_text_is_a_list_or_a_usage_error(text, count):
    try:
        found = parse_episodes(text, count)
    except UsageError:
        return
    assert set(found) <= set(range(count))


def test_a_selection_is_a_dataset_of_its_own(record):
    root = record(lengths=(3, 5, 4), codec="h264")
    whole = open_source(root)
    part = SourceRequest(root, Selection(episodes=(2, 0), keys=("*.wrist",))).open()
    assert (part.episode_count, [part.length(index) for index in range(2)]) == (2, [4, 3])
    assert [part.source_episode(index) for index in range(2)] == [2, 0]
    assert [camera.key for camera in part.spec.cameras] == [WRIST]
    assert list(part.left_out) == [FRONT]
    episode, original = part.episode(0), whole.episode(2)
    assert (episode.table.index, list(episode.frames)) == (0, [WRIST])
    np.testing.assert_array_equal(episode.table.action, original.table.action)
    np.testing.assert_array_equal(list(episode.frames[WRIST](1, 3)), list(original.frames[WRIST]())[1:3])
    assert part.notes is not None


def test_nothing_wanted_is_everything(record):
    source = open_source(record())
    assert select(source, Selection()) is source
    assert select(source, Selection(episodes=(0, 1), keys=("action", "*images*"))) is source


def test_the_fingerprint_tells_which_episodes_were_taken(record):
    root = record(lengths=(3, 5, 4))
    prints = [
        SourceRequest(root, selection).open().fingerprint()
        for selection in (
            Selection(),
            Selection(drop_keys=(WRIST,)),
            Selection(episodes=(0, 1)),
            Selection(episodes=(1, 0)),
            Selection(episodes=(1, 0), keys=(WRIST,)),
        )
    ]
    assert (prints[0], prints[3]) == (prints[1], prints[4])
    assert len(set(prints)) == 3


@pytest.mark.parametrize("version", ["v2.1", "v3.0"])
def test_the_files_of_what_is_left_out_may_be_gone(both, version):
    old, new = both("h264", lengths=(3, 5, 4), per_video=1, chunk_size=9)
    root = old if version == "v2.1" else new
    before = SourceRequest(root, Selection(episodes=(0, 2))).open().fingerprint()
    for path in sorted(root.glob("videos/**/*.mp4")):
        if path.name in ("episode_000001.mp4", "file-001.mp4"):
            path.unlink()
    source = SourceRequest(root, Selection(episodes=(0, 2))).open()
    assert source.fingerprint() == before
    assert [len(list(source.episode(index).frames[WRIST]())) for index in range(2)] == [3, 4]
    with pytest.raises(DataError, match="cannot be read"):
        SourceRequest(root).open().fingerprint()


def test_errors_keep_the_number_of_the_recording(record):
    root = record(lengths=(3, 5, 4))
    (root / "data/chunk-000/episode_000002.parquet").unlink()
    part = SourceRequest(root, Selection(episodes=(2,))).open()
    with pytest.raises(DataError, match=r"episode_000002\.parquet"):
        part.episode(0)


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        (
            Selection(keys=("*.left",)),
            rf"'\*\.left' in keys is none of \['{FRONT}', '{WRIST}', 'observation.state', 'ac",
        ),
        (Selection(drop_keys=("depth",)), "'depth' in drop_keys is none of"),
        (Selection(drop_keys=("action",)), "'action' in drop_keys is none of"),
        (Selection(drop_keys=("*",)), "leave no camera of"),
        (Selection(keys=("action",)), "leave no camera of"),
        (Selection(episodes=(2,)), r"episodes \[2\] were asked for, but there are 2"),
        (Selection(episodes=()), "choose at least one"),
        (Selection(episodes=(1, 1)), "more than once"),
        (Selection(state_key="effort"), r"'effort' was asked for as the state.*\['observation.state'\]"),
    ],
)
def test_what_the_dataset_does_not_have(record, selection, message):
    with pytest.raises(UsageError, match=message):
        SourceRequest(record(), selection).open()


def test_a_feature_that_is_not_read_may_be_dropped(record, edit_info):
    root = record()
    edit_info(root, lambda info: info["features"].update(effort={"dtype": "float32", "shape": [3]}))
    assert list(SourceRequest(root, Selection(drop_keys=("effort",))).open().left_out) == ["effort"]


def test_a_request_travels(record):
    request = SourceRequest(record(), Selection(episodes=(1,), drop_keys=("*front",), action_key="action"))
    assert pickle.loads(pickle.dumps(request)) == request
    assert pickle.loads(pickle.dumps(request)).open().episode_count == 1
