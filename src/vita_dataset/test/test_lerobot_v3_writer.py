"""LeRobot v3.0 as this package writes it, held against the published field list and the v2.1 of the same episodes."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from lerobot_v3_files import write_v3

from conftest import KEYS, NAMES, frame, vectors
from vita_dataset.episode import EpisodeTable
from vita_dataset.errors import DataError, UsageError
from vita_dataset.lerobot_output import FileLimits
from vita_dataset.lerobot_reader import LeRobotDataset
from vita_dataset.lerobot_writer import LeRobotWriter, Recording
from vita_dataset.spec import CameraSpec, VectorSpec

FRONT, WRIST = KEYS
LENGTHS = (5, 7, 1, 6)
FPS = 10.0


def noise(episode, camera, step, size):
    """Pictures that no codec makes small."""
    return np.random.default_rng((episode, camera, step)).integers(0, 256, (*size, 3), dtype=np.uint8)


def write(root, lengths=LENGTHS, codec="h264", size=(64, 96), picture=frame, version="v3.0", **limits):
    recording = Recording(
        fps=FPS,
        robot_type="test",
        cameras=[CameraSpec(key, *size) for key in KEYS],
        state=VectorSpec("observation.state", len(NAMES), NAMES),
        action=VectorSpec("action", len(NAMES), NAMES),
        codec=codec,
    )
    writer = LeRobotWriter(root, recording, version, limits=FileLimits(**limits))
    for episode, steps in enumerate(lengths):
        state, action = vectors(episode, steps)
        table = EpisodeTable(episode, np.arange(steps) / FPS, state, action, f"task {episode % 2}")
        frames = {
            key: [picture(episode, camera, step, size) for step in range(steps)] for camera, key in enumerate(KEYS)
        }
        writer.add_episode(table, frames)
    writer.finish()
    return root


def files(root, pattern):
    return sorted(str(path.relative_to(root)) for path in root.glob(pattern) if path.is_file())


def assert_same(root, expected, tolerance=0):
    """Tell the same episodes; an encoder may give the same pictures other bytes when it is asked again."""
    read, known = LeRobotDataset(root), LeRobotDataset(expected)
    assert read.notes == known.notes
    assert read.episode_count == known.episode_count
    for index in range(read.episode_count):
        ours, theirs = read.episode(index), known.episode(index)
        assert ours.table.task == theirs.table.task
        for name in ("state", "action", "timestamps_s"):
            np.testing.assert_array_equal(getattr(ours.table, name), getattr(theirs.table, name))
        for key in KEYS:
            pictures, wanted = (np.array(list(found.frames[key]()), dtype=np.int16) for found in (ours, theirs))
            np.testing.assert_allclose(pictures, wanted, rtol=0, atol=tolerance)


@pytest.mark.parametrize("codec", [None, "mpeg4", "h264", "av1", "hevc"])
def test_it_reads_like_the_v21_of_the_same_episodes(tmp_path, codec):
    """The colours of two steps are 15 levels apart."""
    new, old = write(tmp_path / "new", codec=codec), write(tmp_path / "old", codec=codec, version="v2.1")
    assert_same(new, old, tolerance=0 if codec is None else 6)


def test_there_is_one_file_of_each_kind(tmp_path):
    assert files(write(tmp_path / "set"), "**/*") == [
        "data/chunk-000/file-000.parquet",
        "meta/episodes/chunk-000/file-000.parquet",
        "meta/info.json",
        "meta/stats.json",
        "meta/tasks.parquet",
        f"videos/{FRONT}/chunk-000/file-000.mp4",
        f"videos/{WRIST}/chunk-000/file-000.mp4",
    ]


@pytest.mark.parametrize("codec", [None, "h264"])
def test_info_has_the_published_fields(tmp_path, codec):
    info = json.loads((write(tmp_path / "set", codec=codec) / "meta/info.json").read_text())
    features = info.pop("features")
    assert info == {
        "codebase_version": "v3.0",
        "robot_type": "test",
        "total_episodes": 4,
        "total_frames": 19,
        "total_tasks": 2,
        "chunks_size": 1000,
        "data_files_size_in_mb": 100,
        "video_files_size_in_mb": 200,
        "fps": 10,
        "splits": {"train": "0:4"},
        "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
        "video_path": codec and "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
    }
    assert features["action"] == {"dtype": "float32", "shape": [3], "names": list(NAMES)}
    assert features["index"] == {"dtype": "int64", "shape": [1], "names": None}
    assert features[FRONT]["dtype"] == ("video" if codec else "image")
    assert features[FRONT]["shape"] == [64, 96, 3]
    columns = set(pq.read_schema(tmp_path / "set/data/chunk-000/file-000.parquet").names)
    assert columns == {key for key in features if codec is None or key not in KEYS}


def test_the_list_of_episodes_has_the_published_columns(tmp_path):
    """Those of the fixture, which was made by the field list of the format, and nothing else."""
    root = write(tmp_path / "set")
    rows = pq.read_table(root / "meta/episodes/chunk-000/file-000.parquet")
    write(tmp_path / "old", version="v2.1")
    published = pq.read_table(
        write_v3(tmp_path / "old", tmp_path / "fixture") / "meta/episodes/chunk-000/file-000.parquet"
    )
    assert {field.name: field.type for field in rows.schema} == {field.name: field.type for field in published.schema}
    found = rows.to_pydict()
    assert found["episode_index"] == [0, 1, 2, 3]
    assert found["length"] == list(LENGTHS)
    assert found["tasks"] == [["task 0"], ["task 1"], ["task 0"], ["task 1"]]
    assert found["dataset_from_index"] == [0, 5, 12, 13]
    assert found["dataset_to_index"] == [5, 12, 13, 19]
    assert found[f"videos/{WRIST}/from_timestamp"] == pytest.approx([0.0, 0.5, 1.2, 1.3], abs=1e-12)
    assert found[f"videos/{WRIST}/to_timestamp"] == pytest.approx([0.5, 1.2, 1.3, 1.9], abs=1e-12)
    for name in ("data", "meta/episodes", f"videos/{FRONT}", f"videos/{WRIST}"):
        assert found[f"{name}/chunk_index"] == found[f"{name}/file_index"] == [0] * 4
    assert found["stats/action/count"] == [[length] for length in LENGTHS]
    assert np.shape(found[f"stats/{FRONT}/mean"][0]) == (3, 1, 1)
    table = pq.ParquetFile(root / "data/chunk-000/file-000.parquet")
    assert [table.metadata.row_group(group).num_rows for group in range(4)] == list(LENGTHS)
    assert table.read(["index"])["index"].to_pylist() == list(range(19))


def test_statistics_are_those_of_all_episodes(tmp_path):
    stats = json.loads((write(tmp_path / "set", codec=None) / "meta/stats.json").read_text())
    action = np.concatenate([vectors(episode, steps)[1] for episode, steps in enumerate(LENGTHS)]).astype(np.float64)
    np.testing.assert_allclose(stats["action"]["mean"], action.mean(0), rtol=1e-9)
    np.testing.assert_allclose(stats["action"]["std"], action.std(0), rtol=1e-9)
    assert stats["action"]["count"] == [19]
    pixels = np.concatenate(
        [[frame(episode, 0, step, (1, 1)) for step in range(steps)] for episode, steps in enumerate(LENGTHS)]
    )
    np.testing.assert_allclose(stats[FRONT]["mean"], pixels.mean((0, 1, 2)).reshape(3, 1, 1) / 255, rtol=1e-9)
    assert stats[FRONT]["max"] == (pixels.max((0, 1, 2)).reshape(3, 1, 1) / 255).tolist()
    assert stats["index"]["max"] == [18.0]


@pytest.mark.parametrize(("codec", "steps", "size"), [(None, 5, (96, 128)), ("mpeg4", 30, (192, 256))])
def test_files_end_at_their_limit(tmp_path, codec, steps, size):
    """An episode of noise takes about 0.4 MB, so that two of them are below one megabyte and three are not."""
    settings = {"lengths": (steps,) * 6, "codec": codec, "size": size, "picture": noise}
    root = write(tmp_path / "new", **settings, table_mb=1, video_mb=1, files_per_chunk=2)
    folder = "data" if codec is None else f"videos/{FRONT}"
    suffix = "parquet" if codec is None else "mp4"
    assert files(root, f"{folder}/**/*") == [
        f"{folder}/chunk-{chunk}.{suffix}" for chunk in ("000/file-000", "000/file-001", "001/file-000")
    ]
    assert all(0.5 < path.stat().st_size / 2**20 < 1 for path in root.glob(f"{folder}/*/*"))
    assert_same(root, write(tmp_path / "old", **settings, version="v2.1"))
    info = json.loads((root / "meta/info.json").read_text())
    assert [info[name] for name in ("data_files_size_in_mb", "video_files_size_in_mb", "chunks_size")] == [1, 1, 2]


def test_what_cannot_be_written_leaves_no_whole_recording(tmp_path):
    with pytest.raises(UsageError, match=r"LeRobot v1\.0 cannot be written; choose one of \['v2\.1', 'v3\.0'\]"):
        write(tmp_path / "set", version="v1.0")
    assert not (tmp_path / "set").exists()

    def shrinks(episode, camera, step, size):
        return frame(episode, camera, step, size)[: 64 if (episode, step) != (1, 3) else 32]

    with pytest.raises(DataError, match=f"frame 3 of '{FRONT}' in episode 1"):
        write(tmp_path / "set", picture=shrinks)
    assert not (tmp_path / "set/meta/info.json").exists()
