"""The list of episodes of v3.0: what is refused, and that nothing in it ends in a traceback."""

import copy
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lerobot_v3_files import EPISODES_FILE, change_episodes

from vita_dataset.errors import DataError
from vita_dataset.lerobot_reader import LeRobotDataset

FRONT, WRIST = "observation.images.front", "observation.images.wrist"


def put(column, row, value):
    return lambda columns: columns[column].__setitem__(row, value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("length", 1, 6), r"camera '.*front' of episode 1 .* is 7\.0 frames at 10 Hz, but the episode has 6 steps"),
        (put(f"videos/{FRONT}/to_timestamp", 0, 0.7), r"is 7\.0 frames at 10 Hz, but the episode has 5 steps"),
        (put(f"videos/{FRONT}/from_timestamp", 0, 9.0), r"from 9 to 0\.5 s, which is -85\.0 frames"),
        (put(f"videos/{FRONT}/to_timestamp", 0, float("nan")), "is 'nan', but must be seconds from 0"),
        (put(f"videos/{FRONT}/file_index", 0, -1), "is '-1', but must be a whole number from 0"),
        (put("episode_index", 1, 0), r"must list the 4 episodes.* missing are \[1\]"),
        (put("episode_index", 3, 9), r"missing are \[3\]"),
        (put("episode_index", 3, None), "'episode_index' of episode None .* is 'None'"),
        (put("length", 2, 0), "'length' of episode 2 .* at least 1"),
        (lambda columns: columns.pop("data/file_index"), r"has no column \['data/file_index'\], which v3\.0 needs"),
        (lambda columns: columns.pop(f"videos/{WRIST}/from_timestamp"), r"wrist/from_timestamp'\]"),
    ],
)
def test_a_list_that_contradicts_itself_is_refused(both, change, message):
    _, new = both("h264")
    change_episodes(new, change)
    with pytest.raises(DataError, match=message):
        LeRobotDataset(new)


def test_overlapping_segments_are_refused(both):
    _, new = both("h264")

    def overlap(columns):
        for name in ("from_timestamp", "to_timestamp"):
            columns[f"videos/{FRONT}/{name}"][1] -= 0.2

    change_episodes(new, overlap)
    with pytest.raises(DataError, match=r"episodes 0 and 1 of camera .* overlap: .* from 0\.000 to 0\.500 s"):
        LeRobotDataset(new)


def test_a_list_that_is_missing_or_damaged_is_named(both):
    _, new = both()
    content = (new / EPISODES_FILE).read_bytes()
    (new / EPISODES_FILE).write_bytes(content[:-9])
    with pytest.raises(DataError, match=r"episodes/chunk-000/file-000\.parquet' cannot be read as parquet"):
        LeRobotDataset(new)
    (new / EPISODES_FILE).unlink()
    with pytest.raises(DataError, match=r"meta/episodes' has no parquet file, but v3\.0 lists its episodes there"):
        LeRobotDataset(new)


def test_positions_in_the_whole_dataset_are_not_needed(both):
    _, new = both()
    change_episodes(new, put("dataset_from_index", 1, 99))
    dataset = LeRobotDataset(new)
    assert len(dataset.episode(1).table) == 7
    assert ["dataset_from_index" in note for note in dataset.notes] == [True]


CELL = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 2**63 - 1),
    st.floats(),
    st.text(max_size=3),
    st.lists(st.integers(0, 3), max_size=2),
)
JSON = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.lists(st.none(), max_size=2)
TEMPLATE = st.text(st.sampled_from("data/.{}:03_chunkinexfle\0\udc80"), max_size=40) | st.sampled_from(
    ["{video_key}", "{file_index:999}", "data/{chunk_index!r}", "{chunk_index.real}", "meta/info.json", "", "data"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_metadata_never_ends_in_a_traceback(mutable, data):
    root, info, columns = mutable
    info, columns = copy.deepcopy(info), copy.deepcopy(columns)
    for _ in range(data.draw(st.integers(1, 2))):
        column = data.draw(st.sampled_from(sorted(columns)))
        change = data.draw(st.sampled_from(["cell", "column", "drop", "rows", "info", "template"]))
        if change == "cell":
            row = data.draw(st.integers(0, len(columns[column]) - 1))
            columns[column][row] = data.draw(st.integers(-3, 9) | st.floats(-1, 3) | st.none())
        elif change == "column":
            columns[column] = [data.draw(CELL)] * len(columns[column])
        elif change == "drop" and len(columns) > 1:
            del columns[column]
        elif change == "rows":
            order = data.draw(st.lists(st.integers(0, len(columns[column]) - 1), min_size=1, max_size=4))
            columns = {name: [values[row] for row in order] for name, values in columns.items()}
        elif change == "info":
            info[data.draw(st.sampled_from(sorted(info)))] = data.draw(JSON)
        else:
            info[data.draw(st.sampled_from(["data_path", "video_path"]))] = data.draw(TEMPLATE)
    try:
        table = pa.table(columns)
    except (pa.ArrowException, OverflowError, TypeError):
        return  # a mixture that no parquet file can hold
    (root / "meta/info.json").write_text(json.dumps(info))
    pq.write_table(table, root / EPISODES_FILE)
    message = ""
    try:
        dataset = LeRobotDataset(root)
        for index in range(dataset.episode_count):
            episode = dataset.episode(index)
            for frames in episode.frames.values():
                assert len(list(frames())) == len(episode.table)
        dataset.fingerprint()
    except DataError as error:
        message = str(error)
    assert "\n" not in message


@pytest.fixture
def mutable(both):
    """A dataset, its info.json, and the columns of its list of episodes without the statistics."""
    _, root = both("mpeg4", lengths=(3, 4, 2))
    columns = pq.read_table(root / EPISODES_FILE).to_pydict()
    columns = {name: values for name, values in columns.items() if not name.startswith("stats/")}
    return root, json.loads((root / "meta/info.json").read_text()), columns
