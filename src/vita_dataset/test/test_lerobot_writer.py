import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from vita_dataset.episode import EpisodeTable
from vita_dataset.errors import DataError, UsageError
from vita_dataset.lerobot_writer import LeRobotWriter, Recording
from vita_dataset.spec import CameraSpec, VectorSpec

RECORDING = Recording(30.0, "bot", [CameraSpec("cam", 4, 6)], VectorSpec("state", 1), VectorSpec("action", 1), None)


def table(steps):
    column = np.zeros((steps, 1), np.float32)
    return EpisodeTable(0, np.arange(steps) / 30.0, column, column, "go")


def test_metadata_describes_the_files(record):
    root = record(lengths=(5, 7), codec="h264")
    info = json.loads((root / "meta/info.json").read_text())
    assert (info["codebase_version"], info["total_frames"], info["total_videos"]) == ("v2.1", 12, 4)
    assert info["features"]["observation.images.front"]["info"]["video.codec"] == "h264"
    assert [json.loads(line)["length"] for line in (root / "meta/episodes.jsonl").read_text().splitlines()] == [5, 7]
    assert len((root / "meta/tasks.jsonl").read_text().splitlines()) == 2
    second = pq.read_table(root / "data/chunk-000/episode_000001.parquet")
    assert second["index"].to_pylist() == list(range(5, 12))
    assert second["task_index"].to_pylist() == [1] * 7
    described = json.loads(second.schema.metadata[b"huggingface"])["info"]["features"]
    assert described["action"]["length"] == 3
    stats = json.loads((root / "meta/episodes_stats.jsonl").read_text().splitlines()[1])["stats"]
    assert stats["frame_index"]["max"] == [6.0]
    assert stats["action"]["count"] == [7]
    assert np.shape(stats["observation.images.front"]["mean"]) == (3, 1, 1)


def test_embedded_images_carry_their_type(record):
    schema = pq.read_schema(record(lengths=(2,)) / "data/chunk-000/episode_000000.parquet")
    described = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert described["observation.images.front"] == {"_type": "Image"}


def test_what_does_not_fit_is_refused(tmp_path):
    writer = LeRobotWriter(tmp_path / "set", RECORDING)
    image = np.zeros((4, 6, 3), np.uint8)
    with pytest.raises(DataError, match="1 frames of 'cam', but 2 steps"):
        writer.add_episode(table(2), {"cam": [image]})
    with pytest.raises(DataError, match="frame 1 of 'cam'"):
        writer.add_episode(table(2), {"cam": [image, image[:2]]})
    wide = EpisodeTable(0, np.arange(2.0), np.zeros((2, 2), np.float32), np.zeros((2, 1), np.float32))
    with pytest.raises(DataError, match=r"'state' of episode 0 is \[2, 2\]"):
        writer.add_episode(wide, {"cam": [image] * 2})
    with pytest.raises(DataError, match="without episodes"):
        writer.finish()
    assert not (tmp_path / "set/meta/info.json").exists()


def test_an_unknown_codec_is_refused_before_anything_is_made(tmp_path):
    recording = Recording(30.0, "bot", [], RECORDING.state, RECORDING.action, "theora")
    with pytest.raises(UsageError, match="theora"):
        LeRobotWriter(tmp_path / "set", recording)
    assert not (tmp_path / "set").exists()
