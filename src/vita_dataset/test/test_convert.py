import json
import shutil
import signal
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vita_dataset.convert import convert
from vita_dataset.errors import DataError, UsageError
from vita_dataset.image import fit_image
from vita_dataset.lerobot_reader import LeRobotDataset
from vita_dataset.video import decode_video
from vita_dataset.video_encoder import encode_video
from vita_dataset.zarr_store import open_dataset

FRONT = "observation.images.front"


def names(folder):
    return sorted(item.name for item in folder.iterdir())


def everything(root):
    return {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("codec", [None, "h264"])
def test_everything_arrives(record, tmp_path, codec):
    source = record(lengths=(5, 7), codec=codec)
    before = everything(source)
    seen = []
    result = convert(source, tmp_path / "out", on_progress=lambda done, total: seen.append((done, total)))
    assert result.output == tmp_path / "out" / "lab" / "reach"
    assert seen[-1] == (24, 24)
    assert everything(source) == before
    dataset, recorded = open_dataset(result.output), LeRobotDataset(source)
    assert dataset.spec == result.spec
    assert dataset.spec.source.fingerprint == recorded.fingerprint()
    np.testing.assert_array_equal(dataset.episode_ends, [5, 12])
    for index in range(2):
        for key in (FRONT, "observation.images.wrist"):
            decoded = list(recorded.episode(index).frames[key]())
            np.testing.assert_array_equal(list(dataset.episode(index).frames[key]()), decoded)
        np.testing.assert_array_equal(dataset.episode(index).table.action, recorded.episode(index).table.action)
    report = json.loads((result.output / "meta" / "report.json").read_text())
    assert report == result.report
    assert (report["episodes"], report["steps"], report["images"]) == (2, 12, 24)
    assert names(tmp_path / "out" / "lab") == ["reach"]


def test_resizing_is_fit_image(record, tmp_path):
    source = record(lengths=(3,), codec="h264")
    dataset = open_dataset(convert(source, tmp_path / "out", resize=(12, 20), repo_id="x/y").output)
    assert (dataset.spec.resize, dataset.spec.repo_id) == ((12, 20), "x/y")
    recorded = LeRobotDataset(source).episode(0).frames[FRONT]()
    for step, image in enumerate(recorded):
        np.testing.assert_array_equal(dataset.read_frames(FRONT, [step])[0], fit_image(image, 12, 20))


def test_findings_are_reported(record, tmp_path):
    source = record(lengths=(5,), codec="h264")
    black = [np.zeros((32, 48, 3), np.uint8)] * 5
    encode_video(source / f"videos/chunk-000/{FRONT}/episode_000000.mp4", black, 10.0)
    path = source / "data/chunk-000/episode_000000.parquet"
    table = pq.read_table(path)
    stamps = pa.array([0.0, 0.1, 0.4, 0.5, 0.6], pa.float32())
    action = pa.array([[1.0, step, step] for step in range(5)], pa.list_(pa.float32(), 3))
    for name, column in (("timestamp", stamps), ("action", action)):
        table = table.set_column(table.column_names.index(name), name, column)
    pq.write_table(table, path)
    warnings = convert(source, tmp_path / "out").report["warnings"]
    assert warnings == [
        "episode 0: 1 of 4 steps are not 1/10 s apart, the worst after step 1 with 0.300 s",
        f"episode 0: camera '{FRONT}' is black",
        "the action never changes in pan",
    ]


def break_video(source):
    path = source / f"videos/chunk-000/{FRONT}/episode_000001.mp4"
    path.write_bytes(path.read_bytes()[:-200])


def shorten_video(source):
    path = source / f"videos/chunk-000/{FRONT}/episode_000001.mp4"
    encode_video(path, list(decode_video(path))[:-1], 10.0)


def remove_video(source):
    (source / f"videos/chunk-000/{FRONT}/episode_000001.mp4").unlink()


def put_nan(source):
    path = source / "data/chunk-000/episode_000001.parquet"
    table = pq.read_table(path)
    rows = table["action"].to_pylist()
    rows[3][2] = float("nan")
    action = pa.array(rows, pa.list_(pa.float32(), 3))
    pq.write_table(table.set_column(table.column_names.index("action"), "action", action), path)


def break_table(source):
    path = source / "data/chunk-000/episode_000001.parquet"
    path.write_bytes(path.read_bytes()[:100])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (break_video, r"episode_000001\.mp4'.* truncated"),
        (shorten_video, "has 6 frames, but episode 1 has 7 steps"),
        (remove_video, r"episode_000001\.mp4' cannot be read"),
        (put_nan, "action of episode 1 .* is nan at step 3, element 'gripper'"),
        (break_table, r"episode_000001\.parquet' cannot be read as parquet"),
        (lambda source: shutil.rmtree(source / "meta"), r"no meta/info\.json"),
    ],
)
def test_damage_is_named_and_leaves_nothing(record, tmp_path, damage, message):
    source = record(codec="h264")
    damage(source)
    with pytest.raises(DataError, match=message):
        convert(source, tmp_path / "out")
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]


def test_an_old_result_outlives_a_failure(record, tmp_path):
    source = record(codec="h264")
    output = convert(source, tmp_path / "out").output
    old = everything(output)
    with pytest.raises(UsageError, match="--overwrite"):
        convert(source, tmp_path / "out")
    break_video(source)
    with pytest.raises(DataError, match="truncated"):
        convert(source, tmp_path / "out", overwrite=True)
    assert everything(output) == old
    again = convert(record("lab2/reach"), tmp_path / "out", repo_id="lab/reach", overwrite=True)
    assert again.output == output
    assert everything(output) != old


def test_the_input_is_never_the_output(record, tmp_path):
    source = record("sets/lab/reach")
    before = everything(source)
    (tmp_path / "link").symlink_to(tmp_path / "sets")
    cases = [
        (tmp_path / "sets", "lab/reach"),  # the input itself
        (tmp_path / "sets/lab/reach", "a/b"),  # inside it
        (tmp_path, "sets/lab"),  # above it
        (tmp_path / "link", "lab/reach"),
        (tmp_path / "sets/lab/reach/data/../../..", "lab/reach"),
    ]
    for folder, repo_id in cases:
        with pytest.raises(DataError, match="overlaps"):
            convert(source, folder, repo_id=repo_id, overwrite=True)
    assert everything(source) == before


def test_another_dataset_is_never_replaced(record, tmp_path):
    source, precious = record("a/x"), record("out/lab/reach")
    before = everything(precious)
    with pytest.raises(DataError, match="something else"):
        convert(source, tmp_path / "out", repo_id="lab/reach", overwrite=True)
    assert everything(precious) == before


def test_the_name_is_the_one_that_was_given(record, tmp_path, monkeypatch):
    source = record("sets/lab/reach")
    monkeypatch.chdir(source)
    (tmp_path / "shortcut").symlink_to(source)
    for path in (source / "..//reach", source.__class__(".")):
        assert LeRobotDataset(path).spec.repo_id == "lab/reach"
    linked = LeRobotDataset(tmp_path / "shortcut").spec
    assert linked.repo_id == f"{tmp_path.name}/shortcut"
    assert linked.source.path == str(source.resolve())
    monkeypatch.chdir(tmp_path)
    assert convert(source.__class__("shortcut"), tmp_path / "o").output == tmp_path / "o" / tmp_path.name / "shortcut"


def test_a_size_out_of_range(record, tmp_path):
    for resize in ((0, 10), (10, 9000)):
        with pytest.raises(UsageError, match="--resize"):
            convert(record(f"a/{resize[0]}"), tmp_path / "out", resize=resize)


def test_too_little_space_is_said_before_work(record, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DataError, match=r"takes 0\.0 GB, but .* has 0\.0 GB free"):
        convert(record(), tmp_path / "out")


KILLED = """
import os, signal, sys
from pathlib import Path
from vita_dataset.convert import convert

def die(done, total):
    if done == 10:
        os.kill(os.getpid(), signal.SIGKILL)

convert(Path(sys.argv[1]), Path(sys.argv[2]), on_progress=die)
"""


def test_a_killed_conversion_leaves_no_dataset_and_can_be_repeated(record, tmp_path):
    source = record()
    command = [sys.executable, "-c", KILLED, str(source), str(tmp_path / "out")]
    assert subprocess.run(command, timeout=120, check=False).returncode == -signal.SIGKILL
    assert not (tmp_path / "out/lab/reach").exists()
    assert len(open_dataset(convert(source, tmp_path / "out").output)) == 12
    assert names(tmp_path / "out/lab") == ["reach"]
