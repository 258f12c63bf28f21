"""Converts the pictures of one range of steps: what a worker does, wherever it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vita_dataset.episode import Episode
from vita_dataset.errors import DataError
from vita_dataset.frame_files import frame_writer, rows_per_file
from vita_dataset.image import fit_image
from vita_dataset.image_codec import ImageCodec
from vita_dataset.image_stats import RunningImageStats
from vita_dataset.picture_watch import PictureWatch
from vita_dataset.range_journal import CameraRecord, Journal, RangeRecord
from vita_dataset.range_plan import StepRange
from vita_dataset.raw_chunks import chunk_file
from vita_dataset.selection import SourceRequest
from vita_dataset.spec import CameraSpec, DatasetSpec
from vita_dataset.whole_file import sync

OnImages = Callable[[int], None]
"""Called with the number of images converted since the last call."""


@dataclass(frozen=True)
class ConversionJob:
    """What every worker needs to know.

    Attributes:
        request: the recording and what is wanted of it.
        spec: what is written.
        work: the folder that becomes the dataset.
        journal: the folder of the records.
    """

    request: SourceRequest
    spec: DatasetSpec
    work: Path
    journal: Path

    @property
    def codec(self) -> ImageCodec:
        """How frames are stored."""
        return ImageCodec.parse(self.spec.image_codec)


class RangeConverter:
    """Converts ranges, one after the other; one that follows the last begins where its decoders stand."""

    def __init__(self, job: ConversionJob) -> None:
        """Open the recording.

        Raises:
            DataError: it cannot be read.
        """
        self._job = job
        self._source = job.request.open()
        self._noted = 0

    def convert(self, steps: StepRange, on_images: OnImages) -> None:
        """Write the frames of a range and then its record.

        Raises:
            DataError: the recording is damaged.
            UnfinishedError: this machine does not see the folders, or they are of another conversion.
            OSError: the disk is full or cannot be written.
        """
        job, journal = self._job, Journal(self._job.journal)
        with journal.working(job.spec.to_dict()):
            episodes = [self._source.episode(piece.episode) for piece in steps.pieces]
            records = {camera.key: self._camera(camera, steps, episodes, on_images) for camera in job.spec.cameras}
            notes, self._noted = self._source.notes[self._noted :], len(self._source.notes)
            journal.write(RangeRecord(steps.number, records, tuple(notes)))

    def _camera(
        self, camera: CameraSpec, steps: StepRange, episodes: list[Episode], on_images: OnImages
    ) -> CameraRecord:
        codec, folder = self._job.codec, self._job.work / "data" / camera.key
        writer = frame_writer(folder, camera, codec, steps.first)
        stats = RunningImageStats()
        watched = []
        for piece, episode in zip(steps.pieces, episodes, strict=True):
            watch = PictureWatch(piece.first)
            for image in episode.frames[camera.key](piece.first, piece.stop):
                stored = writer.append(fit_image(image, camera.height, camera.width))
                stats.update(stored)
                watch.add(stored)
                on_images(1)
            whole = piece.stop - piece.first == len(episode.table)
            watched.append(watch.result().without_pictures() if whole else watch.result())
        if len(writer) != len(steps):
            raise DataError(f"{len(writer)} frames of '{camera.key}' came for {len(steps)} steps; convert again")
        writer.close()
        rows = rows_per_file(camera, codec)
        for number in range(steps.first // rows, -(-(steps.first + len(steps)) // rows)):
            sync(chunk_file(folder, number, 4))  # a record never outlives its frames
        return CameraRecord(stats.sums(), tuple(watched))
