import json
import pickle

import numpy as np
import pytest
import zarr

from vita_dataset import raw_chunks
from vita_dataset.convert import convert
from vita_dataset.errors import DataError
from vita_dataset.zarr_store import is_converted, open_dataset

FRONT = "observation.images.front"


@pytest.fixture
def converted(record, tmp_path):
    return convert(record(lengths=(5, 7)), tmp_path / "out").output


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


def test_episodes_and_frames(converted):
    dataset = open_dataset(converted)
    assert (len(dataset), dataset.episode_count, dataset.length(0), dataset.length(1)) == (12, 2, 5, 7)
    np.testing.assert_array_equal(dataset.episode_index, [0] * 5 + [1] * 7)
    frames = dataset.read_frames(FRONT, [11, 0, 11])
    assert frames[:, 0, 0].tolist() == [[100, 40, 110], [40, 40, 20], [100, 40, 110]]
    episode = dataset.episode(1)
    assert episode.table.task == "task 1"
    np.testing.assert_array_equal(episode.table.state, dataset.state[5:])
    assert len(list(episode.frames[FRONT]())) == 7
    with pytest.raises(DataError, match="episodes 0 to 1"):
        dataset.episode(2)
    with pytest.raises(DataError, match="camera 'side'"):
        dataset.read_frames("side", [0])
    with pytest.raises(IndexError):
        dataset.read_frames(FRONT, [12])


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
    ],
)
def test_a_wrong_config_is_named(converted, change, message):
    edit_config(converted, change)
    with pytest.raises(DataError, match=message):
        open_dataset(converted)


def test_missing_arrays_and_chunks_are_named(converted):
    (converted / "data" / FRONT / "c/0/0/0/0").unlink()
    with pytest.raises(DataError, match="0/0/0' is missing"):
        open_dataset(converted)
    (converted / "data" / FRONT / "zarr.json").unlink()
    with pytest.raises(DataError, match="no zarr array"):
        open_dataset(converted)


def test_compressed_images_are_refused(converted):
    group = zarr.open_group(converted / "data", mode="a")
    del group[FRONT]
    group.create_array(FRONT, shape=(12, 32, 48, 3), chunks=(4, 32, 48, 3), dtype="uint8")
    with pytest.raises(DataError, match="raw whole rows"):
        open_dataset(converted)


VECTORS = ["data/observation.state", "data/action", "data/timestamp", "data/episode_index", "meta/episode_ends"]


@pytest.mark.parametrize("name", VECTORS)
def test_vectors_that_are_missing_or_short_are_named(converted, name):
    (chunk,) = [path for path in (converted / name / "c").rglob("*") if path.is_file()]
    chunk.write_bytes(chunk.read_bytes()[:-8])
    with pytest.raises(DataError, match=rf"{name}/c/.* bytes were expected"):
        open_dataset(converted)
    chunk.unlink()
    with pytest.raises(DataError, match=rf"{name}/c/.*is missing"):
        open_dataset(converted)


def test_rows_of_two_datasets_never_mix(record, tmp_path, monkeypatch):
    monkeypatch.setattr(raw_chunks, "CHUNK_BYTES", 32 * 48 * 3 * 2)
    old = record(lengths=(5, 7))
    path = convert(old, tmp_path / "out").output
    untouched, dataset = open_dataset(path), open_dataset(path)
    first = dataset.read_frames(FRONT, [0])
    convert(record("new/reach", lengths=(5, 7)), tmp_path / "out", repo_id="lab/reach", overwrite=True)
    np.testing.assert_array_equal(dataset.read_frames(FRONT, [0]), first)
    for late in (dataset, untouched, pickle.loads(pickle.dumps(dataset))):
        for read in (lambda d: d.read_frames(FRONT, [11]), lambda d: d.state, lambda d: d.episode(0)):
            with pytest.raises(DataError, match="was replaced or removed while it was being read"):
                read(late)
    assert len(open_dataset(path).read_frames(FRONT, range(12))) == 12
