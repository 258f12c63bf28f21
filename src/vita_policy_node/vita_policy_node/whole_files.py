"""Writes files that are either whole or not there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vita_dataset.errors import DataError


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Make a folder, and name it in what goes wrong while files are written to it.

    Raises:
        DataError: it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise DataError(
            f"the report cannot be written to '{folder}' ({error.strerror}); choose another --out"
        ) from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under a temporary name that becomes ``path`` when it is whole."""
    work = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        work.write_bytes(content)
        work.replace(path)
    finally:
        work.unlink(missing_ok=True)


def write_json(path: Path, document: Any) -> None:
    """Write plain JSON types, whole."""
    write_whole(path, (json.dumps(document, indent=2, allow_nan=False) + "\n").encode("utf-8"))
