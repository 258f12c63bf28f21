"""Whether files and folders are there, as far as that can be told, and what they can be called."""

from __future__ import annotations

import os
from pathlib import Path

from vita_dataset.errors import DataError

MAX_NAME_BYTES = 255


def is_name(name: str) -> bool:
    """Whether a file or folder can be called so, on the usual file systems."""
    try:
        length = len(os.fsencode(name))
    except UnicodeEncodeError:
        return False
    return 0 < length <= MAX_NAME_BYTES and name not in (".", "..") and not {"/", "\0"} & set(name)


def is_file(path: Path) -> bool:
    """Whether a path leads to a file.

    Raises:
        DataError: it cannot be told, for want of permission or because of the path itself.
    """
    try:
        return path.is_file()
    except OSError as error:
        raise _untold(path, error) from error


def is_folder(path: Path) -> bool:
    """Whether a path leads to a folder.

    Raises:
        DataError: it cannot be told, for want of permission or because of the path itself.
    """
    try:
        return path.is_dir()
    except OSError as error:
        raise _untold(path, error) from error


def _untold(path: Path, error: OSError) -> DataError:
    return DataError(
        f"'{path}' cannot be reached ({error.strerror}); check the path and the permissions of its folders"
    )
