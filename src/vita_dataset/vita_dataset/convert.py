"""From a LeRobot dataset to a training set, in one streaming pass."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.dataset_writer import DatasetWriter
from vita_dataset.episode import Episode, check_finite
from vita_dataset.errors import DataError, UsageError
from vita_dataset.image import fit_image
from vita_dataset.lerobot_reader import LeRobotDataset
from vita_dataset.progress import Progress, no_progress
from vita_dataset.publish import publish, refuse_overlap
from vita_dataset.report import Verification
from vita_dataset.spec import CameraSpec, DatasetSpec
from vita_dataset.zarr_store import is_converted

DATASETS_VARIABLE = "FLARE_DATASETS_DIR"
MAX_SIDE = 8192


@dataclass(frozen=True)
class Conversion:
    """What a conversion made: where, what, and its verification report (meta/report.json)."""

    output: Path
    spec: DatasetSpec
    report: dict[str, Any]


def convert(
    source: Path,
    datasets_dir: Path,
    *,
    repo_id: str | None = None,
    resize: tuple[int, int] | None = None,
    overwrite: bool = False,
    on_progress: Progress = no_progress,
) -> Conversion:
    """Convert the LeRobot dataset in ``source`` to ``datasets_dir``/<repo_id>.

    Args:
        source: the folder that contains meta/, data/ and videos/.
        datasets_dir: where converted datasets live.
        repo_id: "robot/task"; None takes the last two parts of the source's path as given, symbolic
            links not followed.
        resize: (height, width) to store the images in; None keeps the recorded size.
        overwrite: replace an existing converted dataset, once the new one is whole.
        on_progress: called with (images done, images in all).

    Returns:
        What was made.

    Raises:
        UsageError: a repo_id that is no "A/B", a size out of range, or an existing output without ``overwrite``.
        DataError: the source is missing or damaged, overlaps the output, or the disk is full.
    """
    if resize is not None and not all(0 < side <= MAX_SIDE for side in resize):
        raise UsageError(f"--resize must be two numbers H W from 1 to {MAX_SIDE}, but is {resize[0]} {resize[1]}")
    dataset = LeRobotDataset(source)
    repo_id = check_repo_id(repo_id if repo_id is not None else dataset.spec.repo_id)
    output = (datasets_dir / repo_id).resolve()
    refuse_overlap(output, source)
    with publish(output, overwrite=overwrite, replaceable=is_converted) as work:
        cameras = dataset.spec.cameras
        if resize is not None:
            cameras = tuple(CameraSpec(camera.key, *resize) for camera in cameras)
        recorded = replace(dataset.spec.source, fingerprint=dataset.fingerprint())
        spec = replace(dataset.spec, repo_id=repo_id, cameras=cameras, source=recorded, resize=resize)
        steps = sum(dataset.length(index) for index in range(dataset.episode_count))
        _check_space(output.parent, spec, steps)
        report = _write(work, dataset, spec, steps, on_progress)
    return Conversion(output, spec, report)


def check_repo_id(repo_id: str) -> str:
    """Refuse what is no plain "robot/task".

    Raises:
        UsageError: not two names of letters, digits, '.', '_' and '-'.
    """
    parts = repo_id.split("/")
    if len(parts) != 2 or not all(re.fullmatch(r"[\w-][\w.-]*", part) for part in parts):
        raise UsageError(
            f"the dataset's name must be two plain names 'robot/task', but is '{repo_id}'; give one with --repo-id A/B"
        )
    return repo_id


def datasets_dir() -> Path:
    """The folder of converted datasets, from the environment.

    Raises:
        UsageError: the variable is not set.
    """
    value = os.environ.get(DATASETS_VARIABLE, "").strip()
    if not value:
        raise UsageError(
            f"the environment variable {DATASETS_VARIABLE} is not set; set it to the folder where converted datasets "
            f"shall live, for example: export {DATASETS_VARIABLE}=~/vita_datasets"
        )
    return Path(value).expanduser()


def _write(work: Path, dataset: LeRobotDataset, spec: DatasetSpec, steps: int, on_progress: Progress) -> dict[str, Any]:
    names = {"state": spec.state.labels, "action": spec.action.labels}
    writer = DatasetWriter(work, spec)
    total, done = steps * len(spec.cameras), 0
    verification = Verification(spec)

    def fitted(episode: Episode, camera: CameraSpec) -> Iterator[NDArray[np.uint8]]:
        nonlocal done
        for frame in episode.frames[camera.key]():
            yield fit_image(frame, camera.height, camera.width)
            done += 1
            on_progress(done, total)

    for index in range(dataset.episode_count):
        episode = dataset.episode(index)
        check_finite(episode.table, names, str(dataset.spec.source.path))
        frames = {camera.key: fitted(episode, camera) for camera in spec.cameras}
        watched = verification.watch(episode.table, frames)
        writer.add_episode(episode.table, watched)
        verification.add(episode.table, watched)
    report = {
        "source": spec.source.path,
        "fingerprint": spec.source.fingerprint,
        **verification.report(writer.stats).to_dict(),
        "notes": dataset.notes,
        "left_out": dataset.left_out,
    }
    writer.finish(report)
    return report


def _check_space(folder: Path, spec: DatasetSpec, steps: int) -> None:
    row = sum(camera.height * camera.width * camera.channels for camera in spec.cameras)
    needed = steps * (row + 4 * (spec.state.dim + spec.action.dim) + 16)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(
            f"the converted dataset takes {needed / 1e9:.1f} GB, but '{folder}' has {free / 1e9:.1f} GB free; "
            "free some space or store smaller images with --resize H W"
        )
