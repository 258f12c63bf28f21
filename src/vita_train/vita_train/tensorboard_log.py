"""The metrics of a run for TensorBoard, which a full disk neither damages nor turns into an end.

Importing this module imports tensorboard.
"""

from __future__ import annotations

import io
import logging
import time
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event, SessionLog  # type: ignore[import-untyped]  # it has no types
from tensorboard.compat.proto.summary_pb2 import Summary  # type: ignore[import-untyped]
from tensorboard.summary.writer.record_writer import RecordWriter  # type: ignore[import-untyped]
from torch.utils.tensorboard.summary import text
from typing_extensions import override

from vita_train.picture_log import PictureLog
from vita_train.tensorboard_pictures import picture

log = logging.getLogger(__name__)

FORMAT = "brain.Event:2"
"""How TensorBoard calls the format of its files."""


class TensorBoardLog(PictureLog):
    """Writes one file of events.

    What the disk does not take is kept in memory and comes with the next event. TensorBoard's own writer ends the run
    there: it fails in a thread of its own and raises the error at the next call, whatever that is.
    """

    def __init__(self, folder: Path, stamp: str, first_step: int) -> None:
        """Begins a file beside those of earlier parts of the run.

        Args:
            folder: what ``tensorboard --logdir`` reads.
            stamp: names this part of the run.
            first_step: steps done before it; what an earlier part logged beyond it disappears from the curves.
        """
        super().__init__()
        # TensorBoard reads the files of a folder in the order of their names.
        self._path = folder / f"events.out.tfevents.{int(time.time()):010d}.{stamp}"
        self._size = 0
        self._waiting: list[bytes] = []
        self._refused = False
        self._add(Event(file_version=FORMAT))
        self._add(Event(step=first_step + 1, session_log=SessionLog(status=SessionLog.START)))

    @property
    @override
    def name(self) -> str:
        """The name of the folder."""
        return self._path.parent.name

    @property
    @override
    def version(self) -> str:
        """The name of the file."""
        return self._path.name

    @override
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Nothing: ``log_text`` shows the configuration."""

    @override
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Add a point to the curve of each metric."""
        values = [Summary.Value(tag=name, simple_value=float(value)) for name, value in metrics.items()]
        self._add(Event(step=step or 0, summary=Summary(value=values)))

    @override
    def log_picture(self, title: str, path: Path, step: int) -> None:
        """See ``PictureLog``."""
        self._add(Event(step=step, summary=Summary(value=[picture(title, path)])))

    def log_text(self, title: str, content: str, step: int) -> None:
        """Show Markdown."""
        self._add(Event(step=step, summary=text(title, content)))  # type: ignore[no-untyped-call]  # torch's gap

    def _add(self, event: Event) -> None:
        event.wall_time = time.time()
        self._waiting.append(event.SerializeToString())
        try:
            self._write()
        except OSError as error:
            if not self._refused:
                log.error("TensorBoard's file '%s' cannot be written (%s); training goes on", self._path, error)
            self._refused = True
            return
        if self._refused:
            log.info("TensorBoard's file '%s' is written again, with what was missing", self._path)
        self._refused = False

    def _write(self) -> None:
        content = io.BytesIO()
        records = RecordWriter(content)
        for event in self._waiting:
            records.write(event)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("r+b" if self._size else "wb") as file:
            # What a full disk took of an earlier attempt is written over.
            file.seek(self._size)
            file.truncate()
            file.write(content.getvalue())
        self._size += content.tell()
        self._waiting = []
