import json
import pickle
import shutil

import numpy as np
import pytest
import zarr
from converted_files import FRONT, write_converted

from vita_dataset import raw_chunks
from vita_dataset.errors import DataError
from vita_dataset.zarr_store import is_converted, open_dataset

EXACT = {"raw": 0, "jpeg:100": 3}
"""How far a stored pixel may be from the recorded one."""


@pytest.fixture(params=EXACT)
def codec(request):
    return request.param


@pytest.fixture
def converted(codec, tmp_path):
    return write_converted(tmp_path / "out", codec)


@pytest.fixture
def raw(tmp_path):
    return write_converted(tmp_path / "raw")


def edit_config(path, change):
    config = json.loads((path / "config.json").read_text())
    change(config)
    (path / "config.json").write_text(json.dumps(config))


def test_plain_zarr_reads_the_same(converted):
    group, dataset = zarr.open(converted, mode="r"), open_dataset(converted)
    np.testing.assert_array_equal(group[f"data/{FRONT}"][:], dataset.read_frames(FRONT, np.arange(12)))
    np.testing.assert_array_equal(group["data/action"][:], dataset.action)
    np.testing.assert_array_equal(group["meta/episode_ends"][:], [5, 12])
    assert group.metadata.zarr_format == 3


def test_episodes_and_frames(converted, codec):
    dataset = open_dataset(converted)
    assert (len(dataset), dataset.episode_count, dataset.length(0), dataset.length(1)) == (12, 2, 5, 7)
    np.testing.assert_array_equal(dataset.episode_index, [0] * 5 + [1] * 7)
    frames = dataset.read_frames(FRONT, [11, 0, 11])
    colours = [[100, 40, 110], [40, 40, 20], [100, 40, 110]]
    np.testing.assert_allclose(frames[:, 0, 0].astype(int), colours, atol=EXACT[codec])
    episode = dataset.episode(1)
    assert episode.table.task == "task 1"
    np.testing.assert_array_equal(episode.table.state, dataset.state[5:])
    np.testing.assert_array_equal(list(episode.frames[FRONT]()), dataset.read_frames(FRONT, range(5, 12)))
    np.testing.assert_array_equal(list(episode.frames[FRONT](2, 4)), dataset.read_frames(FRONT, [7, 8]))
    with pytest.raises(IndexError):
        next(episode.frames[FRONT](0, 8))
    with pytest.raises(DataError, match="episodes 0 to 1"):
        dataset.episode(2)
    with pytest.raises(DataError, match="camera 'side'"):
        dataset.read_frames("side", [0])
    with pytest.raises(IndexError):
        dataset.read_frames(FRONT, [12])


def test_frames_are_read_into_an_array_that_is_given(converted):
    dataset = open_dataset(converted)
    expected = dataset.read_frames(FRONT, [11, 0, 11])
    memory = np.zeros((5, *expected.shape[1:]), np.uint8)
    assert dataset.read_frames(FRONT, [11, 0, 11], memory[1:4]) is not None
    np.testing.assert_array_equal(memory[1:4], expected)
    assert not memory[[0, 4]].any()


@pytest.mark.parametrize("wrong", ["count", "type", "order"])
def test_an_array_that_cannot_be_read_into_is_refused_before_anything_is_written(converted, wrong):
    dataset = open_dataset(converted)
    shape = dataset.read_frames(FRONT, [0, 1]).shape
    out = {
        "count": np.zeros((3, *shape[1:]), np.uint8),
        "type": np.zeros(shape, np.int8),
        "order": np.zeros(shape[::-1], np.uint8).T,
    }[wrong]
    with pytest.raises(ValueError, match="out must be uint8"):
        dataset.read_frames(FRONT, [0, 1], out)
    assert not out.any()


def test_a_file_url_is_the_folder(raw):
    assert is_converted(f"file://{raw}")
    assert open_dataset(f"file://{raw}").path == raw


def test_pickles_for_workers(converted):
    dataset = open_dataset(converted)
    dataset.read_frames(FRONT, [0])
    again = pickle.loads(pickle.dumps(dataset))
    np.testing.assert_array_equal(again.read_frames(FRONT, [3]), dataset.read_frames(FRONT, [3]))
    np.testing.assert_array_equal(again.state, dataset.state)


def test_foreign_and_unfinished_folders(converted, record, tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        open_dataset(tmp_path / "none")
    with pytest.raises(DataError, match="is a LeRobot dataset"):
        open_dataset(record("other/set"))
    (converted / "config.json").unlink()
    assert not is_converted(converted)
    with pytest.raises(DataError, match="is no converted dataset"):
        open_dataset(converted)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(format_version=99), "format version 99"),
        (lambda c: c.pop("spec"), "spec"),
        (lambda c: c["spec"].pop("fps"), "fps"),
        (lambda c: c["counts"].update(steps=13), "do not add up"),
        (lambda c: c["counts"].update(episodes=3), "episode_ends"),
        (lambda c: c["spec"]["cameras"][0].update(height=31), "config.json says uint8"),
        (lambda c: c.update(tasks=[]), "expected content"),
        (lambda c: c["counts"].update(steps=float("inf")), "expected content"),
        (lambda c: c["spec"].update(image_codec="webp"), "image codec 'webp' is unknown"),
        (lambda c: c["spec"].update(image_codec="jpeg:90"), "not stored as one JPEG for each frame, 'jpeg:90'"),
    ],
)
def test_a_wrong_config_is_named(raw, change, message):
    edit_config(raw, change)
    with pytest.raises(DataError, match=message):
        open_dataset(raw)


def test_json_without_an_end_is_named(raw):
    (raw / "data/action/zarr.json").write_text('{"a":' * 100_000)
    with pytest.raises(DataError, match="no zarr array"):
        open_dataset(raw)
    (raw / "config.json").write_text('{"a":' * 100_000)
    with pytest.raises(DataError, match="is no converted dataset"):
        open_dataset(raw)


def test_missing_arrays_and_chunks_are_named(converted):
    (converted / "data" / FRONT / "c/0/0/0/0").unlink()
    with pytest.raises(DataError, match="0/0/0' is missing"):
        open_dataset(converted)
    (converted / "data" / FRONT / "zarr.json").unlink()
    with pytest.raises(DataError, match="no zarr array"):
        open_dataset(converted)


def test_jpegs_that_config_json_calls_something_else_are_refused(tmp_path):
    path = write_converted(tmp_path / "out", "jpeg:80")
    for codec, message in (("raw", "not stored as raw whole rows"), ("jpeg:90", "not stored as .*'jpeg:90'")):
        edit_config(path, lambda config, codec=codec: config["spec"].update(image_codec=codec))
        with pytest.raises(DataError, match=message):
            open_dataset(path)


def test_compressed_images_are_refused(raw):
    group = zarr.open_group(raw / "data", mode="a")
    del group[FRONT]
    group.create_array(FRONT, shape=(12, 32, 48, 3), chunks=(4, 32, 48, 3), dtype="uint8")
    with pytest.raises(DataError, match="raw whole rows"):
        open_dataset(raw)


VECTORS = ["data/observation.state", "data/action", "data/timestamp", "data/episode_index", "meta/episode_ends"]


@pytest.mark.parametrize("name", VECTORS)
def test_vectors_that_are_missing_or_short_are_named(raw, name):
    (chunk,) = [path for path in (raw / name / "c").rglob("*") if path.is_file()]
    chunk.write_bytes(chunk.read_bytes()[:-8])
    with pytest.raises(DataError, match=rf"{name}/c/.* bytes were expected"):
        open_dataset(raw)
    chunk.unlink()
    with pytest.raises(DataError, match=rf"{name}/c/.*is missing"):
        open_dataset(raw)


def test_rows_of_two_datasets_never_mix(codec, tmp_path, monkeypatch):
    monkeypatch.setattr(raw_chunks, "CHUNK_BYTES", 32 * 48 * 3 * 2)  # files of two raw frames, of eight JPEGs
    path, other = write_converted(tmp_path / "set", codec), write_converted(tmp_path / "new", codec, first=1)
    untouched, dataset = open_dataset(path), open_dataset(path)
    first = dataset.read_frames(FRONT, [0])
    path.rename(tmp_path / "old")
    other.rename(path)
    shutil.rmtree(tmp_path / "old")
    np.testing.assert_array_equal(dataset.read_frames(FRONT, [0]), first)
    for late in (dataset, untouched, pickle.loads(pickle.dumps(dataset))):
        for read in (lambda d: d.read_frames(FRONT, [11]), lambda d: d.state, lambda d: d.episode(0)):
            with pytest.raises(DataError, match="was replaced or removed while it was being read"):
                read(late)
    assert len(open_dataset(path).read_frames(FRONT, range(12))) == 12
