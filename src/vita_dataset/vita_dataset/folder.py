"""A folder to read from, local or at a URL.

Local files are read in place with ``preadv``; everything else goes through fsspec. Both gather ranges of bytes from
many files straight into arrays, so that whoever decodes them need not know where they come from.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from vita_dataset.local_folder import LocalFolder
from vita_dataset.remote_folder import RemoteFolder, local_path

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(://|::)")


Place = Path | str
"""Where a dataset is: a path, or a URL of any kind that fsspec knows."""


class Identity(Protocol):
    """Tells a dataset apart from a later one at the same place."""

    def check(self) -> None:
        """Refuse to go on when the dataset was replaced or removed.

        Raises:
            DataError: it was.
        """
        ...


class Folder(Protocol):
    """Reads the files of one folder. May be pickled, forked and used by several threads.

    Names of files are relative, with "/" between their parts. ``str`` gives the folder as a person knows it.
    """

    def exists(self) -> bool:
        """Whether there is such a folder, as far as the file system knows folders.

        Raises:
            DataError: the file system cannot be reached.
        """
        ...

    def read(self, name: str) -> bytes | None:
        """All bytes of a file; None where there is no such file.

        Raises:
            DataError: it cannot be read.
        """
        ...

    def sizes(self, names: Sequence[str]) -> list[int]:
        """The bytes in each file, -1 where there is no such file.

        Raises:
            DataError: the file system cannot be reached.
        """
        ...

    def gather(
        self, names: Sequence[str], offsets: Sequence[int], targets: Sequence[NDArray[Any]], identity: Any
    ) -> None:
        """Fill each array with the bytes of a file from an offset on.

        Args:
            names: of the files, one for each array.
            offsets: [bytes] where to begin in each.
            targets: C-contiguous arrays to fill.
            identity: what ``identity`` returned when the dataset was opened.

        Raises:
            DataError: a file cannot be read or ends early, or the dataset was replaced.
        """
        ...

    def identity(self, name: str) -> Identity:
        """What tells the dataset of this folder apart: the file that is replaced whenever the others are.

        Raises:
            DataError: there is no such file.
        """
        ...


def is_url(text: str) -> bool:
    """Whether a text is a URL, as in "s3://bucket/lab/pick" or "simplecache::s3://...", rather than a path."""
    return _URL.match(text) is not None


def parse_place(text: str) -> Place:
    """What a person means by a text: a path, or a URL. ``file://`` and ``local://`` mean a path."""
    path = local_path(text) if is_url(text) else Path(text)
    return text.rstrip("/") if path is None else path


def open_folder(place: Place) -> Folder:
    """The folder at a path or at any URL that fsspec knows.

    Credentials and endpoints are those that the file system's own library finds in environment and settings.
    """
    place = parse_place(place) if isinstance(place, str) else place
    return RemoteFolder(place) if isinstance(place, str) else LocalFolder(place)
