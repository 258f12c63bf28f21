"""What a conversion will write, found out before it writes anything."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vita_dataset.episode import check_finite
from vita_dataset.errors import DataError, UsageError
from vita_dataset.frame_files import rows_per_file
from vita_dataset.image_codec import ImageCodec
from vita_dataset.library import check_repo_id
from vita_dataset.range_journal import UnfinishedError
from vita_dataset.range_plan import StepRange, plan_ranges
from vita_dataset.raw_chunks import MAX_ROWS
from vita_dataset.selection import SourceRequest
from vita_dataset.sources import EpisodeSource
from vita_dataset.spec import CameraSpec, DatasetSpec

MAX_SIDE = 8192


@dataclass(frozen=True, eq=False)
class ConversionPlan:
    """A conversion that can begin.

    Attributes:
        request: the recording and what is wanted of it.
        source: it, opened.
        output: the folder that will be the dataset.
        spec: what will be written; the fingerprint is empty, since it takes reading all files.
        lengths: steps of each episode.
    """

    request: SourceRequest
    source: EpisodeSource
    output: Path
    spec: DatasetSpec
    lengths: Sequence[int]

    @property
    def codec(self) -> ImageCodec:
        """How frames will be stored."""
        return ImageCodec.parse(self.spec.image_codec)

    @property
    def steps(self) -> int:
        """Of all episodes."""
        return sum(self.lengths)

    @property
    def images(self) -> int:
        """Of all cameras."""
        return self.steps * len(self.spec.cameras)

    @property
    def ranges(self) -> tuple[StepRange, ...]:
        """The parts that are converted independently: no two share a file."""
        return plan_ranges(self.lengths, max(rows_per_file(camera, self.codec) for camera in self.spec.cameras))

    @property
    def raw_bytes(self) -> int:
        """The size of all arrays without compression; their last chunks are filled up."""
        vectors = 4 * (self.spec.state.dim + self.spec.action.dim) + 8 + 8  # with timestamp and episode_index
        return _filled_up(self.steps, MAX_ROWS) * vectors + sum(
            _filled_up(self.steps, rows_per_file(camera, self.codec)) * camera.height * camera.width * camera.channels
            for camera in self.spec.cameras
        )


def plan_conversion(
    request: SourceRequest,
    datasets_dir: Path,
    *,
    repo_id: str | None = None,
    resize: tuple[int, int] | None = None,
    codec: ImageCodec | None = None,
) -> ConversionPlan:
    """Read the metadata and the tables of a recording and plan its conversion to ``datasets_dir``/<repo_id>.

    Args:
        request: the recording, and its episodes, cameras and keys that are wanted.
        datasets_dir: where converted datasets live.
        repo_id: "robot/task"; None takes the last two parts of the recording's path as given, symbolic links not
            followed.
        resize: (height, width) to store the images in; None keeps the recorded size.
        codec: how to store the images; None: raw pixels.

    Raises:
        UsageError: a repo_id that is no "A/B", a size out of range, or a selection that the recording does not have.
        DataError: the recording is missing or damaged, a table holds NaN or infinity, or the name is a circle of links.
    """
    if resize is not None and not all(0 < side <= MAX_SIDE for side in resize):
        raise UsageError(f"--resize must be two numbers H W from 1 to {MAX_SIDE}, but is {resize[0]} {resize[1]}")
    source = request.open()
    repo_id = check_repo_id(repo_id if repo_id is not None else source.spec.repo_id)
    cameras = source.spec.cameras
    if resize is not None:
        cameras = tuple(CameraSpec(camera.key, *resize) for camera in cameras)
    spec = replace(source.spec, repo_id=repo_id, cameras=cameras, image_codec=str(codec or ImageCodec()), resize=resize)
    names = {"state": spec.state.labels, "action": spec.action.labels}
    lengths = []
    for index in range(source.episode_count):
        table = source.episode(index).table
        check_finite(table, names, spec.source.path)
        lengths.append(len(table))
    try:
        output = (datasets_dir / repo_id).resolve()
    except (RuntimeError, OSError) as error:  # which of them depends on the version of Python
        raise DataError(f"'{datasets_dir / repo_id}' leads in a circle of links; choose another name") from error
    return ConversionPlan(request, source, output, spec, tuple(lengths))


def _filled_up(steps: int, rows: int) -> int:
    """Steps in whole chunks of so many rows."""
    return -(-steps // rows) * rows


def check_space(folder: Path, needed: float) -> None:
    """Refuse to begin what cannot end.

    Args:
        folder: on the disk that is written.
        needed: how many bytes.

    Raises:
        UnfinishedError: there is less room.
    """
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise UnfinishedError(
            f"the converted dataset takes {needed / 1e9:.1f} GB, but '{folder}' has {free / 1e9:.1f} GB free; "
            "free some space, or store smaller images with --resize H W or --image-codec jpeg"
        )
