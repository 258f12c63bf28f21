"""A converted dataset small enough to train on in a test, and the command that does it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from vita_dataset.dataset_writer import DatasetWriter
from vita_dataset.episode import EpisodeTable
from vita_dataset.errors import run_cli
from vita_dataset.frame_files import frame_writer
from vita_dataset.image_codec import ImageCodec
from vita_dataset.image_stats import RunningImageStats
from vita_dataset.spec import CameraSpec, DatasetSpec, SourceSpec, VectorSpec
from vita_train.cli import train_command

CAMERAS = ("observation.images.image", "observation.images.wrist_right_image")
LENGTHS = (9, 14, 11)
SIZE = (32, 40)
TINY_POLICY = (
    "policy.observer=small",
    "policy.vita.latent_dim=16",
    "policy.flow_net.hidden_dim=16",
    "policy.flow_net.num_layers=1",
    "policy.action_ae.net.enc_hidden_dim=16",
    "policy.action_ae.net.dec_hidden_dim=16",
    "policy.action_ae.net.num_layers=2",
    "policy.pred_horizon=8",
    "policy.action_horizon=4",
)


def write_dataset(path: Path, fingerprint: str = "tiny") -> Path:
    """Three episodes of two 32x40 cameras, 3 joints; each pixel and number tells its step."""
    height, width = SIZE
    spec = DatasetSpec(
        repo_id="tiny/reach",
        fps=10.0,
        cameras=tuple(CameraSpec(key, height, width) for key in CAMERAS),
        state=VectorSpec("observation.state", 3, ("a", "b", "c")),
        action=VectorSpec("action", 3, ("a", "b", "c")),
        source=SourceSpec("nowhere", "v2.1", fingerprint),
    )
    rng = np.random.default_rng(0)
    writer = DatasetWriter(path, spec)
    frames = {camera.key: frame_writer(path / "data" / camera.key, camera, ImageCodec()) for camera in spec.cameras}
    stats = RunningImageStats()
    step = 0
    for index, length in enumerate(LENGTHS):
        numbers = np.arange(step, step + length, dtype=np.float32)
        state = np.stack([np.sin(numbers / 5), np.cos(numbers / 5), numbers], axis=1)
        action = np.roll(state, -1, axis=0)
        table = EpisodeTable(index, np.arange(length) / 10.0, state, action)
        images = rng.integers(0, 256, (length, height, width, 3), dtype=np.uint8)
        images[:, 0, 0, 0] = np.arange(step, step + length)
        writer.add_table(table)
        for image in images:
            for camera in frames.values():
                camera.append(image)
            stats.update(image)
        step += length
    for camera in frames.values():
        camera.close()
    writer.finish({}, dict.fromkeys(CAMERAS, stats.result()))
    return path


def write_task(path: Path, dataset: Path, **changes: object) -> Path:
    """A task file for the tiny dataset."""
    task = {
        "name": "reach",
        "dataset_root": str(dataset),
        "fps": 10,
        "image_keys": list(CAMERAS),
        "state_dim": 3,
        "action_dim": 3,
        **changes,
    }
    text = yaml.safe_dump({"resize_shape": list(SIZE), "crop_shape": [28, 36], "task": task})
    path.write_text(f"# @package _global_\n{text}", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data") / "tiny" / "reach")


@pytest.fixture
def make_dataset() -> Callable[..., Path]:
    return write_dataset


@pytest.fixture
def make_task() -> Callable[..., Path]:
    return write_task


@pytest.fixture
def train(tmp_path: Path, dataset: Path) -> Callable[..., int]:
    """Run the command in this process on the tiny dataset with a tiny network; returns its exit code."""

    def run(*settings: str, task: Path | None = None) -> int:
        task = task or write_task(tmp_path / "reach.yaml", dataset)
        common = [f"base_dir={tmp_path}", f"task={task}", "session=s", "device=cpu", "scheduler_warmup_steps=1"]
        return run_cli(train_command, [*common, *TINY_POLICY, "train.batch_size=4", "train.save_freq=2", *settings])

    return run
