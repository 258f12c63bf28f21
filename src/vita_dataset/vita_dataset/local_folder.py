"""A folder on this machine, read with positioned reads.

``preadv`` is as fast as a memory map, but a map holds a file descriptor for as long as it lives (one for each chunk:
thousands), counts its pages as this process's memory, and kills the process where a file turns out shorter than it
was.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_dataset.file_checks import is_folder
from vita_dataset.file_identity import FileIdentity

MAX_OPEN_FILES = 128
"""Over all readers of the process: the usual limit is 1024 descriptors, and most of them belong to others."""


@dataclass(frozen=True)
class LocalFolder:
    """See ``folder.Folder``."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def exists(self) -> bool:
        """Whether it is a folder.

        Raises:
            DataError: it cannot be told.
        """
        return is_folder(self.path)

    def read(self, name: str) -> bytes | None:
        """All bytes of a file; None where there is no such file.

        Raises:
            DataError: it cannot be read.
        """
        path = self.path / name
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise DataError(f"'{path}' cannot be read ({error.strerror}); check its permissions") from error

    def sizes(self, names: Sequence[str]) -> list[int]:
        """The bytes in each file, -1 where there is no such file."""
        return [_size(f"{self.path}/{name}") for name in names]

    def gather(
        self, names: Sequence[str], offsets: Sequence[int], targets: Sequence[NDArray[Any]], identity: FileIdentity
    ) -> None:
        """Fill each array with the bytes of a file; ``identity`` is looked at for each file that is opened.

        Raises:
            DataError: a file cannot be read or ends early, or the dataset was replaced.
        """
        root = str(self.path)
        for name, offset, target in zip(names, offsets, targets, strict=True):
            path = f"{root}/{name}"
            try:
                opened = _open(path, identity)  # held until the read is done: another thread may push it out
                count = os.preadv(opened.descriptor, [target.data], offset)
            except OSError as error:
                identity.check()
                raise DataError(
                    f"'{path}' cannot be read ({error.strerror}); copy or convert the dataset again"
                ) from error
            if count != target.nbytes:
                raise DataError(f"'{path}' ends early; copy or convert the dataset again")

    def identity(self, name: str) -> FileIdentity:
        """Which file stands at that name now.

        Raises:
            DataError: there is none.
        """
        return FileIdentity.of(self.path / name)


class _OpenFile:
    """Closes itself when neither the cache nor a read in progress holds it any more."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        close(self.descriptor)  # the module's own names may be gone when the process ends


@lru_cache(maxsize=MAX_OPEN_FILES)
def _open(path: str, identity: FileIdentity) -> _OpenFile:
    """Open a file of the dataset that ``identity`` tells apart from a later one at the same path."""
    opened = _OpenFile(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    identity.check()  # after opening: a dataset that is still the same now was the same then
    return opened


def _size(path: str) -> int:
    try:
        status = Path(path).stat()
    except OSError:
        return -1
    return status.st_size if stat.S_ISREG(status.st_mode) else -1
