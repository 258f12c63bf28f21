"""Where an evaluation puts what it found: a folder that appears when whole, in place of an earlier evaluation only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vita_dataset.errors import UsageError
from vita_dataset.publish import publish
from vita_sim.results import REPORT_FILE


@contextmanager
def evaluation_folder(output: Path) -> Iterator[Path]:
    """Yield an empty folder for the report and the films, which becomes ``output`` when the block ends without error.

    Raises:
        UsageError: ``output`` exists and holds something else than an evaluation.
        DataError: another process is writing it, it cannot be written, or the disk is full.
    """
    if output.exists() and not is_evaluation(output) and not (output.is_dir() and not any(output.iterdir())):
        raise UsageError(f"'{output}' exists and is no earlier evaluation; move it away or choose another --out")
    with publish(output, overwrite=True, replaceable=is_evaluation) as work:
        work.mkdir()
        yield work


def is_evaluation(folder: Path) -> bool:
    """Whether a folder holds an evaluation."""
    return (folder / REPORT_FILE).is_file()
