"""Carries a planned conversion out: the pictures range by range, then the tables, then the name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vita_dataset.assembly import assemble
from vita_dataset.conversion_plan import ConversionPlan, check_space
from vita_dataset.dask_cluster import convert_on_cluster
from vita_dataset.errors import DataError, UsageError
from vita_dataset.origin import folder_bytes
from vita_dataset.progress import Progress, no_progress
from vita_dataset.publish import publish, refuse_overlap
from vita_dataset.range_converter import ConversionJob, OnImages, RangeConverter
from vita_dataset.range_journal import JOURNAL, Journal, UnfinishedError
from vita_dataset.range_plan import StepRange
from vita_dataset.spec import DatasetSpec
from vita_dataset.worker_pool import convert_in_pool
from vita_dataset.zarr_store import is_converted, open_dataset


@dataclass(frozen=True)
class Conversion:
    """What a conversion made.

    Attributes:
        output: the folder of the dataset.
        spec: what is in it.
        report: its verification report (meta/report.json).
        size_bytes: of all its files.
    """

    output: Path
    spec: DatasetSpec
    report: dict[str, Any]
    size_bytes: int


def run_conversion(
    plan: ConversionPlan,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    overwrite: bool = False,
    resume: bool = False,
    on_progress: Progress = no_progress,
) -> Conversion:
    """Convert as planned.

    Args:
        plan: what is converted to where.
        workers: processes on this machine; 1 converts in this one.
        scheduler: address of a Dask scheduler, whose workers do it instead.
        overwrite: replace an existing converted dataset, once the new one is whole; start an interrupted conversion
            again unless ``resume`` can go on with it.
        resume: go on with an interrupted conversion of the same plan; where there is none, start.
        on_progress: called with (images done, images in all).

    Returns:
        What was made.

    Raises:
        UsageError: an existing output without ``overwrite``; an interrupted conversion without ``resume`` or
            ``overwrite``, or one of something else.
        UnfinishedError: too little space, or workers were lost; what is finished is kept.
        DataError: the recording is damaged or overlaps the output, another process writes there, or the disk is full.
    """
    refuse_overlap(plan.output, plan.request.path)
    with publish(plan.output, overwrite=overwrite, replaceable=is_converted, resumable=True) as work:
        recorded = replace(plan.spec.source, fingerprint=plan.source.fingerprint())
        request = replace(plan.request, path=plan.request.path.absolute())  # workers may be in another folder
        job = ConversionJob(request, replace(plan.spec, source=recorded), work, work.parent / JOURNAL)
        with _kept_if_useful(job):
            _begin(plan, job, overwrite=overwrite, resume=resume)
            finished = Journal(job.journal).finished()
            left = [steps for steps in plan.ranges if steps.number not in finished]
            if plan.codec.quality is None:
                check_space(work.parent, plan.raw_bytes * sum(len(steps) for steps in left) / plan.steps)
            on_images = _counted(on_progress, plan, left)
            if scheduler is not None:
                convert_on_cluster(job, left, scheduler, on_images)
            elif min(workers, len(left)) > 1:
                convert_in_pool(job, left, workers, on_images)
            else:
                _convert_here(job, left, on_images)
            with Journal(job.journal).alone():
                assemble(plan, job)
    return describe_result(plan.output)


def describe_result(output: Path) -> Conversion:
    """What an earlier conversion made.

    Raises:
        DataError: it is no converted dataset, or damaged.
    """
    try:
        report = json.loads((output / "meta" / "report.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"the report of '{output}' cannot be read ({error}); convert again") from error
    return Conversion(output, open_dataset(output).spec, report, folder_bytes(output))


def _begin(plan: ConversionPlan, job: ConversionJob, *, overwrite: bool, resume: bool) -> None:
    """Go on where a conversion of the same was interrupted, or start."""
    journal, staging = Journal(job.journal), job.journal.parent
    identity = {
        "spec": job.spec.to_dict(),
        "episodes": [plan.source.source_episode(index) for index in range(plan.source.episode_count)],
        "lengths": list(plan.lengths),
        "ranges": [steps.first for steps in plan.ranges],
    }
    with journal.alone():
        finished, same = journal.finished(), journal.is_of(identity)
        if finished and not (resume and same):
            if not overwrite:
                raise UsageError(
                    f"an interrupted conversion to '{plan.output}' is there ({len(finished)} of {len(plan.ranges)} "
                    "parts done); add --resume to go on with it, or --overwrite to start again"
                    if same
                    else f"an interrupted conversion to '{plan.output}' is there, but of another recording or with "
                    "other options; repeat those with --resume to go on with it, or add --overwrite to start again"
                )
            finished = set()
        if not finished:
            shutil.rmtree(staging)
            staging.mkdir()
            journal.begin(identity)


def _convert_here(job: ConversionJob, ranges: Sequence[StepRange], on_images: OnImages) -> None:
    """Convert in this process."""
    converter = RangeConverter(job)
    for steps in ranges:
        converter.convert(steps, on_images)


def _counted(on_progress: Progress, plan: ConversionPlan, left: Sequence[StepRange]) -> OnImages:
    """Progress in images of all, those of an earlier run included."""
    done = plan.images - sum(len(steps) for steps in left) * len(plan.spec.cameras)
    if done:
        on_progress(done, plan.images)

    def on_images(count: int) -> None:
        nonlocal done
        done += count
        on_progress(done, plan.images)

    return on_images


@contextmanager
def _kept_if_useful(job: ConversionJob) -> Iterator[None]:
    """Where the block fails, remove what no later run could go on with: nothing done, or a damaged recording."""
    try:
        yield
    except BaseException as error:
        journal = Journal(job.journal)
        damaged = isinstance(error, DataError) and not isinstance(error, UnfinishedError)
        if damaged or not journal.finished():
            with suppress(UnfinishedError), journal.alone():
                shutil.rmtree(job.journal.parent, ignore_errors=True)
        raise
