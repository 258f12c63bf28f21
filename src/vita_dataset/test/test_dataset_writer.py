import json

import numpy as np
import pytest

from vita_dataset.dataset_writer import DatasetWriter
from vita_dataset.episode import EpisodeTable
from vita_dataset.errors import DataError
from vita_dataset.frame_files import frame_writer
from vita_dataset.image_codec import ImageCodec
from vita_dataset.image_stats import RunningImageStats
from vita_dataset.spec import CameraSpec, DatasetSpec, SourceSpec, VectorSpec
from vita_dataset.zarr_store import open_dataset

SPEC = DatasetSpec(
    "lab/reach",
    10.0,
    (CameraSpec("cam", 600, 400),),
    VectorSpec("state", 2),
    VectorSpec("action", 1),
    SourceSpec("/data", "v2.1", ""),
)


def episode(steps, seed):
    rng = np.random.default_rng(seed)
    state, action = (rng.normal(size=(steps, dim)).astype(np.float32) for dim in (2, 1))
    frames = rng.integers(0, 256, (steps, 600, 400, 3), dtype=np.uint8)
    return EpisodeTable(seed, np.arange(steps) / 10, state, action, f"task {seed}"), frames


def frames_of(path, episodes):
    """Write the pictures as a conversion does; their statistics."""
    writer, stats = frame_writer(path / "data" / "cam", SPEC.cameras[0], ImageCodec()), RunningImageStats()
    for _, frames in episodes:
        for image in frames:
            stats.update(writer.append(image))
    writer.close()
    return {"cam": stats.result()}


def test_round_trip_over_several_chunks(tmp_path):
    writer = DatasetWriter(tmp_path / "set", SPEC)
    episodes = [episode(13, 0), episode(1, 1), episode(20, 2)]  # 16 frames fit in a chunk
    image_stats = frames_of(tmp_path / "set", episodes)
    for table, _ in episodes:
        writer.add_table(table)
    writer.finish({"steps": 34}, image_stats)
    dataset = open_dataset(tmp_path / "set")
    pixels = np.concatenate([frames for _, frames in episodes])
    np.testing.assert_array_equal(dataset.read_frames("cam", np.arange(34)), pixels)
    np.testing.assert_array_equal(dataset.state, np.concatenate([table.state for table, _ in episodes]))
    np.testing.assert_array_equal(dataset.action, np.concatenate([table.action for table, _ in episodes]))
    np.testing.assert_array_equal(dataset.episode_ends, [13, 14, 34])
    assert dataset.tasks == {0: "task 0", 1: "task 1", 2: "task 2"}
    assert dataset.spec == SPEC
    np.testing.assert_allclose(dataset.stats["cam"].mean[:, 0, 0], (pixels / 255).mean((0, 1, 2)))
    np.testing.assert_allclose(dataset.stats["state"].std, dataset.state.std(0), rtol=1e-5)
    meta = tmp_path / "set" / "meta"
    assert json.loads((meta / "report.json").read_text()) == {"steps": 34}
    assert json.loads((meta / "stats.json").read_text())["cam"]["count"] == 34
    assert json.loads((meta / "episodes.jsonl").read_text().splitlines()[2])["length"] == 20


def test_what_does_not_fit_is_refused(tmp_path):
    writer = DatasetWriter(tmp_path / "set", SPEC)
    table, _ = episode(2, 0)
    wide = EpisodeTable(0, table.timestamps_s, table.action, table.action)
    with pytest.raises(DataError, match=r"the state of episode 0 is \[2, 1\], not \[2, 2\]"):
        writer.add_table(wide)
    with pytest.raises(DataError, match="episode 0 has no steps"):
        writer.add_table(EpisodeTable(0, table.timestamps_s[:0], table.state[:0], table.action[:0]))


def test_what_a_dead_process_left_is_written_over(tmp_path):
    for steps in (5, 3):
        writer = DatasetWriter(tmp_path / "set", SPEC)
        episodes = [episode(steps, 0)]
        image_stats = frames_of(tmp_path / "set", episodes)
        writer.add_table(episodes[0][0])
        writer.finish({}, image_stats)
    dataset = open_dataset(tmp_path / "set")
    np.testing.assert_array_equal(dataset.state, episodes[0][0].state)


def test_an_unfinished_dataset_does_not_open(tmp_path):
    writer = DatasetWriter(tmp_path / "set", SPEC)
    with pytest.raises(DataError, match="at least one step"):
        writer.finish({}, {})
    with pytest.raises(DataError, match="no converted dataset"):
        open_dataset(tmp_path / "set")
