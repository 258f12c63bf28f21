"""A real recording, where it lies beside the workspace: AV1 video, nested names."""

import json
from pathlib import Path

import numpy as np
import pytest

from vita_dataset.convert import convert
from vita_dataset.lerobot_reader import LeRobotDataset
from vita_dataset.robot_template import robot_text
from vita_dataset.survey import survey
from vita_dataset.to_bag import to_bag
from vita_dataset.zarr_store import open_dataset

RECORDING = Path(__file__).resolve().parents[4] / "shared" / "datasets" / "g1_v21_10ep"
KEY = "observation.images.cam_high"

pytestmark = pytest.mark.skipif(not RECORDING.is_dir(), reason="the recording is not here")


@pytest.fixture
def shortest_episode(tmp_path):
    """Episode 6 alone, 290 steps, as a dataset of its own."""
    root = tmp_path / "g1" / "pick"
    (root / "meta").mkdir(parents=True)
    info = json.loads((RECORDING / "meta" / "info.json").read_text())
    (root / "meta" / "info.json").write_text(json.dumps({**info, "total_episodes": 1}))
    for pattern in ("data/chunk-000/episode_{:06d}.parquet", f"videos/chunk-000/{KEY}/episode_{{:06d}}.mp4"):
        (root / pattern.format(0)).parent.mkdir(parents=True)
        (root / pattern.format(0)).symlink_to(RECORDING / pattern.format(6))
    return root


def test_converts_and_becomes_a_bag(shortest_episode, tmp_path):
    result = convert(shortest_episode, tmp_path / "out", resize=(48, 64))
    dataset = open_dataset(result.output)
    assert (len(dataset), dataset.spec.state.dim, dataset.spec.source.codebase_version) == (290, 26, "v2.1")
    assert dataset.spec.action.names is not None
    assert dataset.spec.action.names[0] == "kLeftShoulderPitch"
    frames = dataset.read_frames(KEY, np.arange(0, 290, 29))
    assert 0.2 < frames.mean() / 255 < 0.8
    source = LeRobotDataset(shortest_episode)
    robot = tmp_path / "robot.yaml"
    robot.write_text(robot_text(source.spec, survey(source)))
    assert to_bag(result.output, 0, robot, tmp_path / "bag").messages == 3 * 290


def test_the_whole_recording_is_described():
    found = survey(LeRobotDataset(RECORDING))
    assert found.report.steps == 3741
    assert not [finding for finding in found.report.warnings if "NaN" in finding]
