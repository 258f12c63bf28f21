"""Datasets whose episodes share tables and videos."""

import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
from lerobot_v3_files import change_episodes

from vita_dataset.cli import inspect
from vita_dataset.convert import convert
from vita_dataset.errors import DataError
from vita_dataset.lerobot_reader import LeRobotDataset
from vita_dataset.to_bag import to_bag
from vita_dataset.zarr_store import open_dataset

FRONT, WRIST = "observation.images.front", "observation.images.wrist"
LENGTHS = (5, 7, 3, 6)


def table(root, chunk=0, file=0):
    return root / f"data/chunk-{chunk:03d}/file-{file:03d}.parquet"


def video(root, key=FRONT, chunk=0, file=0):
    return root / f"videos/{key}/chunk-{chunk:03d}/file-{file:03d}.mp4"


@pytest.mark.parametrize("codec", [None, "h264", "av1"])
@pytest.mark.parametrize("one_row_group", [False, True])
def test_both_versions_convert_to_the_same_training_set(both, tmp_path, codec, one_row_group):
    old, new = both(codec, one_row_group=one_row_group)
    assert table(new, 1).is_file()
    assert video(new, chunk=1).is_file() == (codec is not None)
    first, second = (
        open_dataset(convert(root, tmp_path / "out" / name).output) for root, name in ((old, "old"), (new, "new"))
    )
    assert second.spec.source.codebase_version == "v3.0"
    np.testing.assert_array_equal(first.episode_ends, second.episode_ends)
    for index in range(len(LENGTHS)):
        ours, theirs = first.episode(index), second.episode(index)
        for name in ("state", "action", "timestamps_s"):
            np.testing.assert_array_equal(getattr(theirs.table, name), getattr(ours.table, name))
        assert theirs.table.task == ours.table.task == f"task {index % 2}"
        for key in (FRONT, WRIST):
            np.testing.assert_array_equal(list(theirs.frames[key]()), list(ours.frames[key]()))
    assert second.notes == first.notes


def test_everything_that_reads_recordings_reads_it(both, robot_file, tmp_path, capsys):
    old, new = both("h264")
    assert inspect([str(new)]) == 0
    printed = capsys.readouterr().out
    assert "LeRobot v3.0" in printed
    assert "4 episodes, 21 steps" in printed
    counts = [to_bag(root, 2, robot_file, tmp_path / f"bag{number}") for number, root in enumerate((old, new))]
    assert counts[0] == counts[1]


def test_chunks_may_be_links_to_folders_elsewhere(both, tmp_path):
    old, new = both()
    for number, chunk in enumerate([*new.glob("data/*"), *new.glob("meta/episodes/*")]):
        chunk.rename(tmp_path / f"elsewhere{number}")
        chunk.symlink_to(tmp_path / f"elsewhere{number}")
    shutil.copy(table(new, 1), table(new, 1, 7))
    dataset = LeRobotDataset(new)
    assert ["'data/chunk-001/file-007.parquet'" in note for note in dataset.notes] == [True]
    for index in range(len(LENGTHS)):
        np.testing.assert_array_equal(
            dataset.episode(index).table.state, LeRobotDataset(old).episode(index).table.state
        )


def test_any_order_of_episodes_gives_the_same_frames(both):
    old, new = (LeRobotDataset(root) for root in both("h264"))
    expected = [list(old.episode(index).frames[FRONT]()) for index in range(4)]
    for index in (2, 0, 0, 3, 1, 2):
        np.testing.assert_array_equal(list(new.episode(index).frames[FRONT]()), expected[index])
    streams = [new.episode(index).frames[FRONT]() for index in (1, 0, 2)]  # one file, three decoders
    for step in range(3):
        for stream, index in zip(streams, (1, 0, 2), strict=True):
            np.testing.assert_array_equal(next(stream), expected[index][step])


@pytest.mark.parametrize("shift", [-0.45, 0.02, 0.45])
def test_the_nearest_frames_are_meant(both, shift):
    old, new = both("h264")

    def move(columns):
        for name in ("from_timestamp", "to_timestamp"):
            column = columns[f"videos/{FRONT}/{name}"]
            column[:] = [max(value + shift / 10, 0.0) for value in column]

    change_episodes(new, move)
    read = LeRobotDataset(new)
    for index in range(4):
        expected = list(LeRobotDataset(old).episode(index).frames[FRONT]())
        np.testing.assert_array_equal(list(read.episode(index).frames[FRONT]()), expected)


def test_a_segment_may_name_its_last_frame(both):
    _, new = both("h264")

    def shorten(columns):
        column = columns[f"videos/{FRONT}/to_timestamp"]
        column[:] = [value - 0.1 for value in column]

    change_episodes(new, shorten)
    read = LeRobotDataset(new)
    assert [len(list(read.episode(index).frames[FRONT]())) for index in range(4)] == list(LENGTHS)
    assert ["time of their last frame" in note for note in read.notes] == [True]


def test_frames_and_steps_must_agree(both):
    _, new = both("h264", lengths=(5, 7, 3))

    def late(columns):
        for name in ("from_timestamp", "to_timestamp"):
            columns[f"videos/{FRONT}/{name}"][2] += 0.2

    change_episodes(new, late)
    with pytest.raises(
        DataError, match=r"file-000\.mp4' from 1\.400 to 1\.700 s has 1 frames, but episode 2 has 3 steps"
    ):
        list(LeRobotDataset(new).episode(2).frames[FRONT]())


def test_missing_and_damaged_files_are_named(both):
    _, new = both("h264")
    second = table(new, 1)
    second.write_bytes(second.read_bytes()[:-9])
    dataset = LeRobotDataset(new)
    assert len(dataset.episode(1).table) == 7
    with pytest.raises(DataError, match=r"chunk-001/file-000\.parquet' cannot be read as parquet"):
        dataset.episode(2)
    second.unlink()
    with pytest.raises(DataError, match=r"chunk-001/file-000\.parquet' is missing, and no other tables have some"):
        LeRobotDataset(new).episode(2)
    whole = video(new).read_bytes()
    video(new).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"front/chunk-000/file-000\.mp4' is truncated"):
        list(LeRobotDataset(new).episode(0).frames[FRONT]())
    video(new).unlink()
    with pytest.raises(DataError, match=r"front/chunk-000/file-000\.mp4' is missing"):
        list(LeRobotDataset(new).episode(0).frames[FRONT]())
    with pytest.raises(DataError, match=r"chunk-001/file-000\.parquet' is missing"):
        LeRobotDataset(new).fingerprint()


def test_a_table_named_wrongly_is_found(both):
    """As one release of the official converter lists the first episode of each further table."""
    old, new = both(per_table=3)
    change_episodes(new, lambda columns: columns["data/chunk_index"].__setitem__(3, 0))
    dataset = LeRobotDataset(new)
    expected = LeRobotDataset(old).episode(3).table
    np.testing.assert_array_equal(dataset.episode(3).table.action, expected.action)
    assert ["names another table" in note for note in dataset.notes] == [True]
    assert LeRobotDataset(new).fingerprint() == dataset.fingerprint()


def test_the_first_table_may_be_counted_but_absent(both):
    _, new = both(per_table=4)
    table(new).rename(table(new, 0, 1))
    assert len(LeRobotDataset(new).episode(2).table) == 3
    shutil.copy(table(new, 0, 1), table(new, 0, 2))
    with pytest.raises(DataError, match=r"file-000\.parquet' is missing, and 2 other tables have some"):
        LeRobotDataset(new).episode(2)


def test_tables_that_nobody_names_are_not_read(both):
    _, new = both()
    shutil.copy(table(new), new / "data/chunk-000/episode_000000.parquet")
    (new / "data/chunk-001/broken.parquet").write_bytes(b"no table")
    dataset = LeRobotDataset(new)
    assert [len(dataset.episode(index).table) for index in range(4)] == list(LENGTHS)
    assert dataset.notes == [
        "tables without an episode of meta/episodes were not read (2, the first is "
        "'data/chunk-000/episode_000000.parquet')"
    ]


def change_rows(path, change):
    pq.write_table(change(pq.read_table(path)), path)


def test_rows_of_an_episode_must_be_whole_and_together(both):
    _, new = both()
    change_rows(table(new), lambda rows: rows.slice(1))
    with pytest.raises(DataError, match=r"has 4 rows of episode 0, but meta/episodes says 5"):
        LeRobotDataset(new).episode(0)
    change_rows(table(new), lambda rows: rows.take([0, 4, 1, 2, 3, 5]))
    with pytest.raises(DataError, match=r"rows of episode 0 .* are not together: some begin at row 0, others at row 2"):
        LeRobotDataset(new).episode(0)
    change_rows(table(new), lambda rows: rows.slice(0, 0))
    with pytest.raises(DataError, match=r"rows of episode 1 cannot be told: .* has none, and no other tables"):
        LeRobotDataset(new).episode(1)
    change_rows(table(new, 1), lambda rows: rows.drop_columns(["episode_index"]))
    with pytest.raises(DataError, match="no column 'episode_index'"):
        LeRobotDataset(new).episode(2)


def test_habits_of_older_versions_are_read_too(both, edit_info):
    _, new = both("h264", lengths=(4, 4))
    (new / "videos").rename(new / "video")
    edit_info(new, lambda info: info.update(data_path=None, video_path=None))
    dataset = LeRobotDataset(new)
    assert len(list(dataset.episode(1).frames[WRIST]())) == 4
    assert dataset.notes == ["meta/info.json says videos/, but the videos are in video/ and were read there"]


def test_the_fingerprint_covers_the_list_of_episodes(both):
    _, new = both("h264")
    before = LeRobotDataset(new).fingerprint()
    assert LeRobotDataset(new).fingerprint() == before
    change_episodes(new, lambda columns: columns[f"videos/{FRONT}/from_timestamp"].__setitem__(0, 0.01))
    assert LeRobotDataset(new).fingerprint() != before
