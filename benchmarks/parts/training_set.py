"""A training set of noise with two cameras, of any length at little cost."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from vita_dataset.dataset_writer import DatasetWriter
from vita_dataset.episode import EpisodeTable
from vita_dataset.frame_files import rows_per_file
from vita_dataset.image_codec import ImageCodec
from vita_dataset.raw_chunks import chunk_file
from vita_dataset.spec import CameraSpec, DatasetSpec, SourceSpec, VectorSpec
from vita_dataset.stats import FeatureStats

CAMERAS = ("observation.images.image", "observation.images.wrist_right_image")
JOINTS = 7
EPISODE_STEPS = 100
DISTINCT_STEPS = 1024
"""Later frames repeat earlier ones: links to their files. These are more than a processor's cache holds."""


def write_training_set(path: Path, steps: int, size: tuple[int, int]) -> Path:
    """Write a raw training set of ``steps`` steps, a multiple of 100, with two cameras of ``size`` (height, width)."""
    names = tuple(f"joint{index}" for index in range(JOINTS))
    spec = DatasetSpec(
        repo_id="bench/arm",
        fps=30.0,
        cameras=tuple(CameraSpec(key, *size) for key in CAMERAS),
        state=VectorSpec("observation.state", JOINTS, names),
        action=VectorSpec("action", JOINTS, names),
        source=SourceSpec("nowhere", "v2.1", "0"),
    )
    writer = DatasetWriter(path, spec)
    rng = np.random.default_rng(0)
    times = np.arange(EPISODE_STEPS) / spec.fps
    for episode in range(steps // EPISODE_STEPS):
        state = rng.standard_normal((EPISODE_STEPS, JOINTS)).astype(np.float32)
        writer.add_table(EpisodeTable(episode, times, state, state, "noise"))
    for camera in spec.cameras:
        rows = rows_per_file(camera, ImageCodec())
        distinct = -(-DISTINCT_STEPS // rows)
        for number in range(-(-steps // rows)):
            target = chunk_file(path / "data" / camera.key, number, 4)
            target.parent.mkdir(parents=True)
            if number < distinct:
                target.write_bytes(rng.bytes(rows * size[0] * size[1] * 3))
            else:
                os.link(chunk_file(path / "data" / camera.key, number % distinct, 4), target)
    numbers = (0.5, 0.25, 0.0, 1.0)  # mean, std, min, max
    image = FeatureStats(*(np.full((3, 1, 1), number) for number in numbers), steps)
    writer.finish({}, dict.fromkeys(CAMERAS, image))
    return path
