"""Notices that a dataset was replaced under its name while it is being read."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from vita_dataset.errors import DataError


class FileIdentity(NamedTuple):
    """Which file stood at a path at one moment.

    A replaced dataset brings a new file of the same name: another inode, or at least another time of writing.
    """

    path: str
    device: int
    inode: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> FileIdentity:
        """The file that stands at a path now.

        Raises:
            DataError: there is none.
        """
        try:
            status = path.stat()
        except OSError as error:
            raise DataError(f"'{path}' cannot be read ({error.strerror}); convert the dataset again") from error
        return cls(str(path), status.st_dev, status.st_ino, status.st_mtime_ns)

    def check(self) -> None:
        """Refuse to go on when another file stands there, or none.

        Raises:
            DataError: the file was replaced or removed.
        """
        try:
            same = FileIdentity.of(Path(self.path)) == self
        except DataError:
            same = False
        if not same:
            raise DataError(
                f"the dataset '{Path(self.path).parent}' was replaced or removed while it was being read; "
                "start again to read what is there now"
            )
