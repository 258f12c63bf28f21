"""How large a converted dataset will be and how long it takes, measured on its first pictures."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from vita_dataset.conversion_plan import ConversionPlan
from vita_dataset.errors import DataError
from vita_dataset.frame_files import frame_writer
from vita_dataset.image import fit_image
from vita_dataset.origin import folder_bytes
from vita_dataset.progress import clock_time

SAMPLE = 32
"""Pictures of each camera that are converted to measure."""


@dataclass(frozen=True)
class Estimate:
    """What a conversion will take.

    Attributes:
        size_bytes: of the result; exact for raw pixels.
        image_s: CPU time for one picture, over all cameras [s].
        images: how many pictures were measured.
    """

    size_bytes: float
    image_s: float
    images: int

    def seconds(self, plan: ConversionPlan, workers: int) -> float:
        """How long so many workers take, each on a core of its own [s]."""
        return self.image_s * plan.images / min(workers, len(plan.ranges))


def estimate(plan: ConversionPlan) -> Estimate:
    """Convert the first pictures of each camera into a temporary folder, which is removed again.

    Raises:
        DataError: they cannot be read, or the folder of temporary files cannot be written.
    """
    try:
        return _measure(plan)
    except OSError as error:
        raise DataError(
            f"the folder of temporary files cannot be written ({error}); name another one in the environment variable "
            "TMPDIR"
        ) from error


def _measure(plan: ConversionPlan) -> Estimate:
    episode = plan.source.episode(0)
    count = min(SAMPLE, len(episode.table))
    stored, images = 0.0, 0
    began_s = time.process_time()
    for camera in plan.spec.cameras:
        with tempfile.TemporaryDirectory() as folder:
            writer = frame_writer(Path(folder), camera, plan.codec)
            for image in episode.frames[camera.key](0, count):
                writer.append(fit_image(image, camera.height, camera.width))
            writer.close()
            stored += folder_bytes(Path(folder)) / count
        images += count
    image_s = (time.process_time() - began_s) / images
    size = plan.raw_bytes if plan.codec.quality is None else stored * plan.steps
    return Estimate(size, image_s, images)


def describe_plan(plan: ConversionPlan, found: Estimate, output: str, workers: int) -> list[str]:
    """What would be written, how large and how long, one line each.

    Args:
        plan: the conversion.
        found: what was measured.
        output: where to, as the user knows it.
        workers: processes that would work on it.
    """
    spec = plan.spec
    lines = [f"would write {output}: {len(plan.lengths)} episodes, {plan.steps} steps at {spec.fps:g} Hz"]
    lines += [
        f"  {camera.key}  uint8 {[plan.steps, camera.height, camera.width, camera.channels]} {spec.image_codec}"
        for camera in spec.cameras
    ]
    lines += [f"  {vector.key}  float32 {[plan.steps, vector.dim]}" for vector in (spec.state, spec.action)]
    if plan.source.left_out:
        lines.append(f"  left out: {', '.join(plan.source.left_out)}")
    about = "" if plan.codec.quality is None else "about "
    lines.append(f"size: {about}{found.size_bytes / 1e9:.2f} GB; {_free(plan.output) / 1e9:.2f} GB are free there")
    used = min(workers, len(plan.ranges))
    processes = "1 process" if used == 1 else f"{used} processes on as many cores"
    lines.append(
        f"time: about {clock_time(found.seconds(plan, workers))} with {processes} "
        f"({found.images} of {plan.images} images were tried)"
    )
    if plan.output.exists():
        lines.append("it exists already: --overwrite would replace it")
    return [*lines, *(f"note: {note}" for note in plan.source.notes)]


def _free(output: Path) -> int:
    existing = next(folder for folder in output.parents if folder.exists())
    return shutil.disk_usage(existing).free
