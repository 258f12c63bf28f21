"""Puts a page in its place whole, and never over a file of somebody else."""

from __future__ import annotations

import os
from pathlib import Path

from vita_dataset.errors import DataError, UsageError
from vita_dataset.folder import Place
from vita_dataset.publish import refuse_overlap

MARK = '<meta name="generator" content="vita_dataset inspect">'
"""Tells a page of this command from other files."""


def check_page(path: Path, source: Place, *, overwrite: bool) -> None:
    """Refuse a place where a page must not go.

    Args:
        path: of the page.
        source: the dataset's folder, which stays untouched, or its URL.
        overwrite: a file that is no page of this command may be replaced.

    Raises:
        UsageError: another file stands there.
        DataError: it is a folder, or lies in the dataset.
    """
    if isinstance(source, Path):
        refuse_overlap(path, source)
    if path.is_dir():
        raise DataError(f"'{path}' is a folder; give the page a file name in it, such as '{path / 'report.html'}'")
    if path.exists() and not overwrite and not _is_page(path):
        raise UsageError(f"'{path}' exists and is no page of this command; add --overwrite to replace it all the same")


def write_page(path: Path, text: str) -> None:
    """Write a page under a hidden name and move it to its own.

    Raises:
        DataError: it cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with partial.open("w", encoding="utf-8") as handle:
                handle.write(text)
                handle.flush()
                os.fsync(handle.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"the page '{path}' cannot be written ({error.strerror}); choose another place") from error


def _is_page(path: Path) -> bool:
    try:
        with path.open("rb") as handle:
            return MARK.encode() in handle.read(1024)
    except OSError:
        return False
