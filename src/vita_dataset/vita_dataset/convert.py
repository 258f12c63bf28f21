"""From a recording to a training set, in one call."""

from __future__ import annotations

from pathlib import Path

from vita_dataset.conversion import Conversion, run_conversion
from vita_dataset.conversion_plan import plan_conversion
from vita_dataset.image_codec import ImageCodec
from vita_dataset.progress import Progress, no_progress
from vita_dataset.selection import Selection, SourceRequest


def convert(
    source: Path,
    datasets_dir: Path,
    *,
    selection: Selection | None = None,
    repo_id: str | None = None,
    resize: tuple[int, int] | None = None,
    codec: ImageCodec | None = None,
    workers: int = 1,
    overwrite: bool = False,
    resume: bool = False,
    on_progress: Progress = no_progress,
) -> Conversion:
    """Convert the recording in ``source`` to ``datasets_dir``/<repo_id>.

    For the arguments see ``plan_conversion`` and ``run_conversion``.

    Raises:
        UsageError: an argument makes no sense, or something is there already.
        DataError: the recording is missing or damaged, overlaps the output, or the disk is full.
    """
    plan = plan_conversion(
        SourceRequest(source, selection or Selection()), datasets_dir, repo_id=repo_id, resize=resize, codec=codec
    )
    return run_conversion(plan, workers=workers, overwrite=overwrite, resume=resume, on_progress=on_progress)
