"""Small recordings, made as the tests need them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lerobot_v3_files import write_v3

from vita_dataset.episode import EpisodeTable
from vita_dataset.lerobot_writer import LeRobotWriter, Recording
from vita_dataset.spec import CameraSpec, VectorSpec

NAMES = ("pan", "lift", "gripper")
KEYS = ("observation.images.front", "observation.images.wrist")

Recorder = Callable[..., Path]


def frame(episode: int, camera: int, step: int, size: tuple[int, int]) -> np.ndarray:
    """A flat image whose colour tells episode, camera and step."""
    image = np.empty((*size, 3), dtype=np.uint8)
    image[:] = (40 + 60 * episode, 40 + 100 * camera, (20 + 15 * step) % 256)
    return image


def vectors(episode: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """State and action of an episode; the action leads by a step."""
    rows = np.random.default_rng(episode).normal(size=(steps + 1, len(NAMES))).astype(np.float32)
    return rows[:-1], rows[1:]


@pytest.fixture
def record(tmp_path: Path) -> Recorder:
    """Write a LeRobot dataset of flat images and random motions; lengths gives the steps of each episode."""

    def write(
        name: str = "lab/reach",
        lengths: tuple[int, ...] = (5, 7),
        size: tuple[int, int] = (32, 48),
        codec: str | None = None,
        names: tuple[str, ...] | None = NAMES,
        cameras: tuple[str, ...] = KEYS,
    ) -> Path:
        root = tmp_path / name
        recording = Recording(
            fps=10.0,
            robot_type="test",
            cameras=[CameraSpec(key, *size) for key in cameras],
            state=VectorSpec("observation.state", len(NAMES), names),
            action=VectorSpec("action", len(NAMES), names),
            codec=codec,
        )
        writer = LeRobotWriter(root, recording)
        for episode, steps in enumerate(lengths):
            state, action = vectors(episode, steps)
            table = EpisodeTable(episode, np.arange(steps) / 10.0, state, action, f"task {episode % 2}")
            writer.add_episode(
                table,
                {
                    key: [frame(episode, camera, step, size) for step in range(steps)]
                    for camera, key in enumerate(cameras)
                },
            )
        writer.finish()
        return root

    return write


@pytest.fixture
def both(record: Recorder, tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    """The same episodes as v2.1 and as v3.0."""

    def write(codec: str | None = None, lengths: tuple[int, ...] = (5, 7, 3, 6), **layout: Any) -> tuple[Path, Path]:
        old = record("v21/reach", lengths=lengths, codec=codec)
        return old, write_v3(old, tmp_path / "v30/reach", **layout)

    return write


@pytest.fixture
def edit_info() -> Callable[[Path, Callable[[dict[str, Any]], object]], None]:
    """Change the meta/info.json of a recording in place."""

    def edit(root: Path, change: Callable[[dict[str, Any]], object]) -> None:
        path = root / "meta" / "info.json"
        info = json.loads(path.read_text())
        change(info)
        path.write_text(json.dumps(info))

    return edit


ROBOT_TEXT = """
/**:
  ros__parameters:
    cameras: [front, wrist]
    camera:
      front: {topic: /front/image, key: observation.images.front}
      wrist: {topic: /wrist/image, key: observation.images.wrist, transport: compressed}
    arms: [base, hand]
    arm:
      base:
        joints: [lift_joint, pan_joint]
        policy_names: [lift, pan]
        state_topic: /base/joint_states
        command_topic: /base/command
        position_min: [-1.0, -1.0]
        position_max: [1.0, 1.0]
        max_step: [0.1, 0.1]
      hand:
        joints: [gripper]
        state_topic: /hand/joint_states
        command_topic: /hand/command
        position_min: [0.0]
        position_max: [1.0]
        max_step: [0.1]
"""


@pytest.fixture
def robot_file(tmp_path: Path) -> Path:
    path = tmp_path / "robot.yaml"
    path.write_text(ROBOT_TEXT)
    return path
