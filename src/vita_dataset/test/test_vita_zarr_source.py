import json
import shutil

import numpy as np
import pytest
from vita_zarr_files import FRONT, NAMES, WRIST, content, write_array, write_vita_zarr

from vita_dataset.errors import DataError, UsageError
from vita_dataset.origin import origin
from vita_dataset.selection import Selection, SourceRequest
from vita_dataset.sources import open_source
from vita_dataset.survey import survey
from vita_dataset.vita_zarr import VitaArray
from vita_dataset.vita_zarr_source import VitaZarr


@pytest.fixture
def stored(tmp_path):
    return write_vita_zarr(tmp_path / "lab" / "reach")


def edit(root, change):
    path = root / "config.json"
    config = json.loads(path.read_text())
    change(config)
    path.write_text(json.dumps(config))


def replace(root, key, values):
    write_array(root, key, np.asarray(values), np.shape(values))


def read_all(root):
    source = open_source(root)
    for index in range(source.episode_count):
        for frames in source.episode(index).frames.values():
            list(frames())


@pytest.mark.parametrize("image_chunk", [None, (1, 10, 24, 3)])  # large images are cut across
def test_reads_what_the_original_code_wrote(tmp_path, image_chunk):
    root = write_vita_zarr(tmp_path / "lab" / "reach", image_chunk=image_chunk)
    arrays, ends = content()
    source = open_source(root)
    spec = source.spec
    assert (spec.repo_id, spec.fps, source.episode_count) == ("lab/reach", 10.0, 3)
    assert [(camera.key, camera.height, camera.width) for camera in spec.cameras] == [(FRONT, 16, 24), (WRIST, 16, 24)]
    assert (spec.state.names, spec.action.names) == (tuple(NAMES), tuple(NAMES))
    assert [source.length(index) for index in range(3)] == [5, 7, 3]
    for index, (start, stop) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        episode = source.episode(index)
        np.testing.assert_array_equal(episode.table.state, arrays["observation.state"][start:stop])
        np.testing.assert_array_equal(episode.table.action, arrays["action"][start:stop])
        np.testing.assert_allclose(episode.table.timestamps_s, np.arange(stop - start) / 10, atol=1e-6)
        assert (episode.table.index, episode.table.task) == (index, ("pick", "place")[index % 2])
        for key in (FRONT, WRIST):
            np.testing.assert_array_equal(list(episode.frames[key]()), arrays[key][start:stop])
            np.testing.assert_array_equal(list(episode.frames[key](1, 3)), arrays[key][start + 1 : start + 3])
    with pytest.raises(IndexError):
        list(source.episode(0).frames[FRONT](0, 6))
    with pytest.raises(DataError, match="episodes 0 to 2"):
        source.episode(3)


def test_the_arrays_shapes_are_the_truth(stored):
    assert VitaZarr(stored).notes == [
        f"camera '{key}': config.json says [32, 48, 3], but images are stored as [16, 24, 3] and were read as such"
        for key in (FRONT, WRIST)
    ]
    edit(stored, lambda config: [config["features"][key].update(shape=[3, 16, 24]) for key in (FRONT, WRIST)])
    assert VitaZarr(stored).notes == []


def test_frames_are_decoded_chunk_by_chunk(stored, monkeypatch):
    read = []
    whole = VitaArray.read
    monkeypatch.setattr(
        VitaArray, "read", lambda array, first, stop: read.append(stop - first) or whole(array, first, stop)
    )
    source = VitaZarr(stored)
    stream = source.episode(1).frames[FRONT]()
    read.clear()
    next(stream)
    assert read == [3]  # steps 5 to 7 of the second chunk of four
    assert len(list(stream)) == 6
    assert read == [3, 4]


def test_what_a_policy_does_not_need_is_left_out(stored):
    replace(stored, "data/effort", np.ones((15, 2), np.float32))
    replace(stored, "data/depth", np.ones((15, 4, 6), np.uint16))
    source = VitaZarr(stored)
    assert source.left_out == ["depth", "effort"]
    assert VitaZarr(stored, state_key="effort").spec.state.dim == 2
    with pytest.raises(UsageError, match="'depth' was asked for as the action"):
        VitaZarr(stored, action_key="depth")


def test_it_is_selected_from_and_inspected_like_any_other(stored):
    part = SourceRequest(stored, Selection(episodes=(2, 1), keys=("*.wrist",))).open()
    np.testing.assert_array_equal(list(part.episode(0).frames[WRIST]()), content()[0][WRIST][12:])
    assert list(part.left_out) == [FRONT]
    source = open_source(stored)
    found = survey(source, frames=True)
    assert (found.report.lengths, found.damage) == ((5, 7, 3), ())
    whence = origin(stored, source, hashed=True)
    assert whence.kind.startswith("VITA zarr v2, ")
    assert whence.fingerprint == source.fingerprint()


def test_the_fingerprint_tells_datasets_apart(stored):
    before = VitaZarr(stored).fingerprint()
    assert VitaZarr(stored).fingerprint() == before
    replace(stored, "data/action", content()[0]["action"] + 1)
    assert VitaZarr(stored).fingerprint() != before


def test_habits_of_older_stores(stored):
    for key in ("frame_index", "episode_index", "index", "task_index", "timestamp"):
        shutil.rmtree(stored / "data" / key)
    edit(stored, lambda config: [config.pop(name) for name in ("num_frames", "num_episodes", "features")])
    source = VitaZarr(stored)
    table = source.episode(1).table
    np.testing.assert_allclose(table.timestamps_s, np.arange(7) / 10)
    assert (table.task, source.spec.action.names) == ("", None)
    assert ["no timestamps" in note for note in source.notes] == [True]
    edit(stored, lambda config: config.update(tasks={"4": "pick"}))
    assert VitaZarr(stored).episode(1).table.task == "pick"
    replace(stored, "data/task_index", np.full(15, 9))
    source = VitaZarr(stored)
    assert source.episode(0).table.task == ""
    assert source.notes[1:] == ["the steps use task_index 9, which 'config.json' does not have"]


ROWS = np.zeros((14, 3), np.float32)
STAMPS = np.zeros(15, np.float32)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda root: replace(root, "data/action", ROWS),
            "data/action' has 14 steps, but 'meta/episode_ends' ends at 15",
        ),
        (lambda root: replace(root, "meta/episode_ends", np.array([5, 5, 15])), "must increase from above 0"),
        (lambda root: replace(root, "meta/episode_ends", np.array([0, 15])), "must increase from above 0"),
        (lambda root: replace(root, "meta/episode_ends", np.array([5.0, 15.0])), "must be whole numbers"),
        (lambda root: replace(root, "meta/episode_ends", np.array([5, 12, 16])), "has 15 steps, but"),
        (lambda root: replace(root, "data/timestamp", STAMPS), "timestamp of episode 0 .* at step 1"),
        (lambda root: replace(root, "data/frame_index", np.arange(15)), "frame_index of episode 1 .* is 5 at step 0"),
        (lambda root: (root / "data" / FRONT / "2.0.0.0").unlink(), r"front/2\.0\.0\.0' is missing"),
        (lambda root: (root / "data" / FRONT / "3.0.0.0").write_bytes(b"\x02\x01"), "cannot be decoded"),
        (lambda root: shutil.rmtree(root / "meta"), r"episode_ends/\.zarray' is not readable"),
        (lambda root: shutil.rmtree(root / "data" / "action"), "action feature"),
        (lambda root: [shutil.rmtree(root / "data" / key) for key in (FRONT, WRIST)], "has no camera"),
        (lambda root: edit(root, lambda config: config.update(num_frames=40)), "the conversion was interrupted"),
        (lambda root: edit(root, lambda config: config.update(num_episodes=4)), "the conversion was interrupted"),
        (lambda root: edit(root, lambda config: config.update(fps=0)), "'fps' in .* must be above 0"),
        (lambda root: edit(root, lambda config: config.update(tasks={"a": "b"})), "must be numbered texts"),
        (lambda root: (root / "config.json").write_text("{"), "not readable JSON"),
    ],
)
def test_what_is_damaged_is_refused(stored, damage, message):
    damage(stored)
    with pytest.raises(DataError, match=message):
        read_all(stored)
