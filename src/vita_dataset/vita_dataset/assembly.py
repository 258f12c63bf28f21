"""The last part of a conversion: tables, report and metadata, once the pictures of all ranges are in place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vita_dataset.conversion_plan import ConversionPlan
from vita_dataset.dataset_writer import DatasetWriter
from vita_dataset.errors import DataError
from vita_dataset.image_stats import RunningImageStats
from vita_dataset.picture_watch import Watched, joined
from vita_dataset.range_converter import ConversionJob
from vita_dataset.range_journal import Journal
from vita_dataset.report import Verification


def assemble(plan: ConversionPlan, job: ConversionJob) -> None:
    """Write what is not pictures, the verification report among it.

    Raises:
        DataError: the recording has changed or a record is damaged.
    """
    keys = [camera.key for camera in job.spec.cameras]
    images = {key: RunningImageStats() for key in keys}
    notes = list(plan.source.notes)
    seen = _episodes(plan, Journal(job.journal), images, notes)
    writer, verification = DatasetWriter(job.work, job.spec), Verification(job.spec)
    for index, watched in enumerate(seen):
        table = plan.source.episode(index).table
        if len(table) != plan.lengths[index]:
            raise DataError(
                f"episode {table.index} of '{job.spec.source.path}' has {len(table)} steps, but had "
                f"{plan.lengths[index]} when the conversion began: the recording has changed; convert it again"
            )
        writer.add_table(table)
        verification.add(table, watched)
    image_stats = {key: running.result() for key, running in images.items()}
    report: dict[str, Any] = {
        "source": job.spec.source.path,
        "fingerprint": job.spec.source.fingerprint,
        **verification.report({**image_stats, **writer.vector_stats}).to_dict(),
        "notes": list(dict.fromkeys(notes)),
        "left_out": list(plan.source.left_out),
        "source_episodes": [plan.source.source_episode(index) for index in range(plan.source.episode_count)],
    }
    writer.finish(report, image_stats)


def _episodes(
    plan: ConversionPlan, journal: Journal, images: Mapping[str, RunningImageStats], notes: list[str]
) -> Iterator[Mapping[str, Watched]]:
    """What was seen of each episode, in order; adds up statistics and notes on the way. Holds one record at a time."""
    parts: dict[str, list[Watched]] = {key: [] for key in images}
    for steps in plan.ranges:
        record = journal.read(steps.number)
        notes += record.notes
        for key, running in images.items():
            running.merge(record.cameras[key].sums)
        for place, piece in enumerate(steps.pieces):
            for key, found in parts.items():
                found.append(record.cameras[key].watched[place])
            if piece.stop == plan.lengths[piece.episode]:
                yield {key: joined(found) for key, found in parts.items()}
                for found in parts.values():
                    found.clear()
