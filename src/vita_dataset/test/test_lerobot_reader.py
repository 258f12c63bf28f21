import json
import shutil

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vita_dataset.errors import DataError, UsageError
from vita_dataset.lerobot_reader import LeRobotDataset
from vita_dataset.video import decode_video
from vita_dataset.video_encoder import encode_video

FRONT = "observation.images.front"


def parquet(root, episode=0):
    return root / f"data/chunk-000/episode_{episode:06d}.parquet"


def video(root, episode=0):
    return root / f"videos/chunk-000/{FRONT}/episode_{episode:06d}.mp4"


def change_table(path, change):
    pq.write_table(change(pq.read_table(path)), path)


@pytest.mark.parametrize(("codec", "tolerance"), [(None, 0), ("h264", 6)])
def test_reads_what_was_written(record, codec, tolerance):
    root = record(lengths=(5, 7), codec=codec)
    dataset = LeRobotDataset(root)
    assert (dataset.spec.repo_id, dataset.spec.fps, dataset.episode_count) == ("lab/reach", 10.0, 2)
    assert dataset.spec.action.names == ("pan", "lift", "gripper")
    episode = dataset.episode(1)
    np.testing.assert_array_equal(episode.table.state[1:], episode.table.action[:-1])
    np.testing.assert_allclose(episode.table.timestamps_s, np.arange(7) / 10, atol=1e-6)
    assert episode.table.task == "task 1"
    frames = list(episode.frames["observation.images.wrist"]())
    assert len(frames) == 7
    for step, image in enumerate(frames):
        np.testing.assert_allclose(image, np.broadcast_to((100, 140, 20 + 15 * step), image.shape), atol=tolerance)
    assert not dataset.notes


@pytest.mark.parametrize("codec", [None, "h264", "mpeg4"])
def test_frames_of_a_range_are_those_of_the_whole(record, codec):
    root = record(lengths=(5, 40), codec=codec)
    dataset = LeRobotDataset(root, threads=1)
    source = dataset.episode(1).frames[FRONT]
    whole = list(source())
    for first, stop in ((0, 16), (16, 32), (32, None), (39, 40), (7, 7), (40, None), (3, 20)):
        np.testing.assert_array_equal(list(source(first, stop)), np.array(whole[first:stop]))
    for first, stop in ((-1, 3), (4, 3), (0, 41), (41, None)):
        with pytest.raises(IndexError, match="an episode with 40"):
            list(source(first, stop))


def test_vectors_may_be_named(record, edit_info):
    root = record(lengths=(3,))
    dataset = LeRobotDataset(root, state_key="action", action_key="observation.state")
    assert (dataset.spec.state.key, dataset.spec.action.key) == ("action", "observation.state")
    np.testing.assert_array_equal(dataset.episode(0).table.state, LeRobotDataset(root).episode(0).table.action)
    with pytest.raises(UsageError, match="'effort' was asked for as the action"):
        LeRobotDataset(root, action_key="effort")


def test_keys_of_other_habits(record, edit_info):
    root = record(lengths=(3,), cameras=("image",))

    def rename(info):
        features = info["features"]
        features["state"], features["actions"] = features.pop("observation.state"), features.pop("action")
        features["effort"] = {"dtype": "float32", "shape": [3], "names": None}

    edit_info(root, rename)
    new_names = {"observation.state": "state", "action": "actions"}
    change_table(parquet(root), lambda t: t.rename_columns([new_names.get(name, name) for name in t.column_names]))
    dataset = LeRobotDataset(root)
    assert (dataset.spec.state.key, dataset.spec.action.key) == ("state", "actions")
    assert ["was taken as the" in note for note in dataset.notes] == [True, True]
    assert dataset.left_out == ["effort"]
    assert dataset.episode(0).table.state.shape == (3, 3)


def test_missing_bookkeeping_and_double_lists(record):
    root = record(lengths=(4,))

    def habits(table):
        table = table.drop_columns(["index", "task_index", "timestamp"])
        action = pa.array(table["action"].to_pylist(), pa.list_(pa.float64()))
        return table.set_column(table.column_names.index("action"), "action", action)

    change_table(parquet(root), habits)
    dataset = LeRobotDataset(root)
    table = dataset.episode(0).table
    np.testing.assert_allclose(table.timestamps_s, np.arange(4) / 10)
    assert table.action.dtype == np.float32
    assert dataset.notes == [
        "some tables have no index, task_index; their rows were taken in the order written",
        "'action' is float64 in some tables, float32 in meta/info.json; stored as float32",
        "the tables have no timestamps; steps are taken to be 1/fps apart",
    ]


@pytest.mark.parametrize("codec", [None, "hevc"])
def test_a_shape_written_channel_first(record, edit_info, codec):
    root = record(lengths=(4,), codec=codec)
    edit_info(root, lambda info: info["features"][FRONT].update(shape=[3, 32, 48]))
    dataset = LeRobotDataset(root)
    assert next(dataset.episode(0).frames[FRONT](2)).shape == (32, 48, 3)
    assert ["channel-first" in note for note in dataset.notes] == [True]


def test_stray_tables_are_not_read(record):
    root = record(lengths=(4, 4))
    shutil.copy(parquet(root, 1), parquet(root, 2))
    dataset = LeRobotDataset(root)
    assert dataset.episode_count == 2
    assert dataset.notes == [
        "tables beyond the 2 episodes of meta/info.json were not read (1, the first is "
        "'data/chunk-000/episode_000002.parquet')"
    ]


def test_videos_beside_their_name(record):
    root = record(lengths=(4,), codec="h264")
    (root / "videos").rename(root / "video")
    dataset = LeRobotDataset(root)
    assert len(list(dataset.episode(0).frames[FRONT]())) == 4
    assert dataset.notes == ["meta/info.json says videos/, but the videos are in video/ and were read there"]


def test_another_codec_than_info_says(record):
    root = record(lengths=(6,), codec="h264")
    encode_video(video(root), list(decode_video(video(root))), 10.0, "mpeg4")
    dataset = LeRobotDataset(root)
    assert len(list(dataset.episode(0).frames[FRONT]())) == 6
    assert dataset.notes == [f"camera '{FRONT}': meta/info.json says h264, but videos are mpeg4"]


@pytest.mark.parametrize(
    ("frames", "message"),
    [(4, "has 4 frames, but episode 0 has 5"), (6, r"has more frames \(6\), but episode 0 has 5")],
)
def test_a_video_of_another_length_is_refused(record, frames, message):
    root = record(lengths=(5,), codec="h264")
    encode_video(video(root), [np.zeros((32, 48, 3), np.uint8)] * frames, 10.0)
    with pytest.raises(DataError, match=message):
        list(LeRobotDataset(root).episode(0).frames[FRONT]())
    for first in range(5):  # whichever range is read
        with pytest.raises(DataError, match=message):
            list(LeRobotDataset(root).episode(0).frames[FRONT](first, first + 1))


def test_damaged_videos_are_named(record):
    root = record(lengths=(5,), codec="h264")
    content = video(root).read_bytes()
    for damage in (b"", content[: len(content) // 2]):
        video(root).write_bytes(damage)
        with pytest.raises(DataError, match=r"episode_000000\.mp4' is truncated"):
            list(LeRobotDataset(root).episode(0).frames[FRONT]())
    video(root).unlink()
    with pytest.raises(DataError, match=r"episode_000000\.mp4' is missing"):
        list(LeRobotDataset(root).episode(0).frames[FRONT]())
    with pytest.raises(DataError, match=r"episode_000000\.mp4' cannot be read"):
        LeRobotDataset(root).fingerprint()


def test_frames_of_another_size_are_refused(record, edit_info):
    root = record(lengths=(3,))
    edit_info(root, lambda info: info["features"][FRONT].update(shape=[48, 32, 3]))
    with pytest.raises(DataError, match=rf"'{FRONT}'.*is 32x48.*says 48x32"):
        list(LeRobotDataset(root).episode(0).frames[FRONT]())


def test_embedded_images_that_are_none(record):
    root = record(lengths=(3,), cameras=(FRONT,))
    rows = [{"bytes": b"no image", "path": None}] * 3
    change_table(parquet(root), lambda t: t.set_column(0, FRONT, pa.array(rows)))
    with pytest.raises(DataError, match=r"row 0 .* not an image"):
        list(LeRobotDataset(root).episode(0).frames[FRONT]())


def test_a_rotation_mark_does_not_turn_the_image(record):
    root = record(lengths=(1,), cameras=(FRONT,))
    jpeg = cv2.imencode(".jpg", np.full((32, 48, 3), 90, np.uint8))[1].tobytes()
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    turned = jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]
    change_table(parquet(root), lambda t: t.set_column(0, FRONT, pa.array([{"bytes": turned, "path": None}])))
    assert next(LeRobotDataset(root).episode(0).frames[FRONT]()).shape == (32, 48, 3)


def test_tables_that_disagree_are_refused(record, edit_info):
    root = record(lengths=(5, 7))
    shutil.copy(parquet(root, 1), parquet(root, 0))
    with pytest.raises(DataError, match=r"has 7 steps, but meta/episodes\.jsonl says that episode 0 has 5"):
        LeRobotDataset(root).episode(0)
    parquet(root, 0).unlink()
    with pytest.raises(DataError, match=r"episode_000000\.parquet' is missing"):
        LeRobotDataset(root).episode(0)
    with pytest.raises(DataError, match="episodes 0 to 1"):
        LeRobotDataset(root).episode(2)
    edit_info(root, lambda info: info["features"]["action"].update(shape=[4], names=None))
    with pytest.raises(DataError, match=r"rows of \[3\] numbers.*says 4"):
        LeRobotDataset(root).episode(1)


def test_time_must_run_forward(record):
    root = record(lengths=(4,))
    stamps = pa.array([0.0, 0.1, 0.1, 0.3], pa.float32())
    change_table(parquet(root), lambda t: t.set_column(t.column_names.index("timestamp"), "timestamp", stamps))
    with pytest.raises(DataError, match=r"timestamp of episode 0.* at step 2"):
        LeRobotDataset(root).episode(0)


def put(root, column, values):
    change_table(parquet(root), lambda t: t.set_column(t.column_names.index(column), column, pa.array(values)))


def test_rows_must_be_in_order(record):
    root = record(lengths=(4,))
    change_table(parquet(root), lambda t: t.drop_columns(["timestamp"]).take([3, 2, 1, 0]))
    with pytest.raises(DataError, match=r"frame_index of episode 0 .* is 3 at step 0"):
        LeRobotDataset(root).episode(0)
    put(root, "frame_index", [0, 1, 3, 4])
    with pytest.raises(DataError, match="is 3 at step 2"):
        LeRobotDataset(root).episode(0)


def test_a_table_of_another_number_is_noted(record):
    root = record(lengths=(4, 4))
    shutil.copy(parquet(root, 1), parquet(root, 0))
    dataset = LeRobotDataset(root)
    assert len(dataset.episode(0).table) == 4
    assert ["episode_index" in note for note in dataset.notes] == [True]


def test_time_counts_from_the_episodes_start(record):
    root = record(lengths=(4,))
    put(root, "timestamp", 1.7e9 + np.arange(4) / 10)
    dataset = LeRobotDataset(root)
    np.testing.assert_allclose(dataset.episode(0).table.timestamps_s, np.arange(4) / 10, atol=1e-6)
    assert dataset.notes == ["timestamps do not start at 0; they were counted from each episode's first"]


def test_tasks_without_an_episode_list(record):
    root = record(lengths=(4, 4))
    (root / "meta/episodes.jsonl").unlink()
    assert LeRobotDataset(root).episode(1).table.task == "task 1"
    put(root, "task_index", [9] * 4)
    dataset = LeRobotDataset(root)
    assert dataset.episode(0).table.task == ""
    assert dataset.notes == ["the tables use task_index 9, which the tasks in meta/ do not have"]
    (root / "meta/tasks.jsonl").write_text('{"task_index": 0}')
    with pytest.raises(DataError, match=r"line 1 of '.*tasks\.jsonl'"):
        LeRobotDataset(root).episode(0)
    (root / "meta/tasks.jsonl").unlink()
    assert LeRobotDataset(root).episode(0).table.task == ""


@pytest.mark.parametrize(
    ("missing", "message"),
    [("observation.state", "state feature"), ("action", "action feature"), (FRONT, "no colour camera")],
)
def test_features_a_policy_needs(record, edit_info, missing, message):
    root = record(lengths=(3,), cameras=(FRONT,))
    edit_info(root, lambda info: info["features"].pop(missing))
    with pytest.raises(DataError, match=message):
        LeRobotDataset(root)


def test_the_fingerprint_tells_recordings_apart(record):
    first = record("a/x", codec="h264")
    second = shutil.copytree(first, first.with_name("y"))
    assert LeRobotDataset(first).fingerprint() == LeRobotDataset(second).fingerprint()
    video(second, 1).write_bytes(video(second, 0).read_bytes())
    assert LeRobotDataset(first).fingerprint() != LeRobotDataset(second).fingerprint()


def test_v20_has_no_episode_statistics(record, edit_info):
    root = record(lengths=(3,))
    (root / "meta/episodes_stats.jsonl").unlink()
    edit_info(root, lambda info: info.update(codebase_version="v2.0"))
    assert LeRobotDataset(root).spec.source.codebase_version == "v2.0"
    assert json.loads((root / "meta/info.json").read_text())["total_episodes"] == 1
