"""The metrics of a run as rows of one CSV file, which a full disk neither damages nor turns into an end."""

from __future__ import annotations

import csv
import io
import logging
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only
from typing_extensions import override

from vita_dataset.whole_file import write_whole

log = logging.getLogger(__name__)

FILE = "metrics.csv"


class CsvLog(Logger):
    """Writes ``<folder>/metrics.csv``: a column for each metric, sorted by name, and a row for each call.

    A row that the disk does not take is kept in memory and comes with the next one. Lightning's own CSV logger ends the
    run there, and loses all rows when a new column comes at that moment.
    """

    def __init__(self, folder: Path) -> None:
        """Writes nothing yet."""
        super().__init__()
        self._folder = folder
        self._columns: list[str] = []
        self._rows: list[dict[str, float]] = []
        self._written = 0
        self._size = 0
        self._refused = False

    @property
    @override
    def name(self) -> str:
        """The name of the folder above."""
        return self._folder.parent.name

    @property
    @override
    def version(self) -> str:
        """The name of the folder."""
        return self._folder.name

    @override
    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Nothing: the configuration of a run has a file of its own."""

    @override
    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Add a row and write what is not written yet.

        Args:
            metrics: numbers by name.
            step: of training.
        """
        self._rows.append({name: float(value) for name, value in metrics.items()} | {"step": step or 0})
        try:
            self._write()
        except OSError as error:
            if not self._refused:
                log.error("metrics cannot be written to '%s' (%s); training goes on", self._folder / FILE, error)
            self._refused = True
            return
        if self._refused:
            log.info("metrics are written to '%s' again, those of before too", self._folder / FILE)
        self._refused = False

    def _write(self) -> None:
        columns = sorted({*self._columns}.union(*self._rows[self._written :]))
        path = self._folder / FILE
        if columns != self._columns or not path.is_file():
            content = _lines(columns, self._rows, header=True)
            write_whole(path, [content])
            self._columns, self._size = columns, len(content)
        else:
            content = _lines(columns, self._rows[self._written :])
            with path.open("r+b") as file:
                # What a full disk took of an earlier attempt is written over.
                file.seek(self._size)
                file.truncate()
                file.write(content)
            self._size += len(content)
        self._written = len(self._rows)


def _lines(columns: list[str], rows: list[dict[str, float]], header: bool = False) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns)
    if header:
        writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
