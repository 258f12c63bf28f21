"""One recording, training set, checkpoint and bag for all tests of the whole way, made by the real commands."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from pipeline import ROBOT, ros2_run, succeed, train


@pytest.fixture(scope="session")
def way(tmp_path_factory):
    """A folder with rec/ur12e/sample, sets/, task.yaml, flare_outputs/ and bag."""
    folder = tmp_path_factory.mktemp("way")
    recording = folder / "rec/ur12e/sample"
    sample = ("--out", recording, "--episodes", 3, "--steps", 24, "--size", 32, 40)
    succeed(ros2_run(folder, "vita_dataset", "sample", *sample))
    succeed(ros2_run(folder, "vita_dataset", "convert", "-r", recording, "--write-task", "task.yaml"))
    succeed(train(folder, "task.dataset_episodes=[0,1]"))
    to_bag = ("-r", recording, "--episode", 2, "--config", ROBOT, "--out", "bag")
    succeed(ros2_run(folder, "vita_dataset", "to_bag", *to_bag))
    return folder
