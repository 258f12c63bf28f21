"""Converted datasets of flat pictures and random motions, written without a recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vita_dataset.dataset_writer import DatasetWriter
from vita_dataset.episode import EpisodeTable
from vita_dataset.frame_files import frame_writer
from vita_dataset.image_codec import ImageCodec
from vita_dataset.image_stats import RunningImageStats
from vita_dataset.spec import CameraSpec, DatasetSpec, SourceSpec, VectorSpec

NAMES = ("pan", "lift", "gripper")
KEYS = ("observation.images.front", "observation.images.wrist")
FRONT = KEYS[0]


def flat(episode: int, camera: int, step: int, size: tuple[int, int] = (32, 48)) -> np.ndarray:
    """A flat image whose colour tells episode, camera and step."""
    return np.full((*size, 3), (40 + 60 * episode, 40 + 100 * camera, (20 + 15 * step) % 256), np.uint8)


def write_converted(path: Path, codec: str = "raw", lengths: tuple[int, ...] = (5, 7), first: int = 0) -> Path:
    """Write a dataset of two cameras; ``first`` is the number that colours and motions take the first episode for."""
    spec = DatasetSpec(
        repo_id="lab/reach",
        fps=10.0,
        cameras=tuple(CameraSpec(key, 32, 48) for key in KEYS),
        state=VectorSpec("observation.state", len(NAMES), NAMES),
        action=VectorSpec("action", len(NAMES), NAMES),
        source=SourceSpec("lab/reach", "v2.1", f"sha256:{first}"),
        image_codec=codec,
    )
    writer = DatasetWriter(path, spec)
    stats = {}
    for number, camera in enumerate(spec.cameras):
        frames = frame_writer(path / "data" / camera.key, camera, ImageCodec.parse(codec))
        running = RunningImageStats()
        for episode, steps in enumerate(lengths, first):
            for step in range(steps):
                running.update(frames.append(flat(episode, number, step)))
        frames.close()
        stats[camera.key] = running.result()
    for episode, steps in enumerate(lengths, first):
        rows = np.random.default_rng(episode).normal(size=(steps + 1, len(NAMES))).astype(np.float32)
        writer.add_table(EpisodeTable(episode, np.arange(steps) / 10.0, rows[:-1], rows[1:], f"task {episode % 2}"))
    writer.finish({}, stats)
    return path
