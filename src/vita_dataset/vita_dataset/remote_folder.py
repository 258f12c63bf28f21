"""A folder at a URL, read through fsspec."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError, VitaError

_LOCAL = ("file", "local")


def local_path(url: str) -> Path | None:
    """The path that a ``file://`` or ``local://`` URL means, None for any other."""
    protocol, found, _ = url.partition("://")
    return Path(fsspec.core.strip_protocol(url)) if found and protocol in _LOCAL else None


def shown(url: str) -> str:
    """A URL as messages may show it: without user name and password."""
    return re.sub(r"(?<=://)[^/@]*@", "", url)


def open_filesystem(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the URL's path in it.

    fsspec keeps one file system for each process and thread, so that asking again costs little and is safe after a
    fork; holding on to one would not be.
    """
    filesystem, path = fsspec.core.url_to_fs(url)
    return filesystem, path


@contextmanager
def remote_errors(url: str) -> Iterator[None]:
    """Turn whatever a file system's library raises into one sentence.

    Libraries raise what they like (a store without credentials, say, is no ``OSError`` everywhere), so that nothing
    narrower than ``Exception`` would do.

    Raises:
        DataError: instead of any other exception.
    """
    try:
        yield
    except VitaError:
        raise
    except ImportError as error:
        raise DataError(
            f"'{shown(url)}' cannot be reached: a package for this kind of URL is missing ({error}); install it"
        ) from error
    except Exception as error:
        reason = shown(str(error)) or type(error).__name__
        raise DataError(
            f"'{shown(url)}' cannot be read or written ({reason}); check the URL, the network and the credentials"
        ) from error


@dataclass(frozen=True)
class RemoteFolder:
    """See ``folder.Folder``. Holds the URL only, without a slash at its end."""

    url: str

    def __str__(self) -> str:
        return shown(self.url)

    def exists(self) -> bool:
        """Whether there is anything below the URL; object stores know no empty folders.

        Raises:
            DataError: the file system cannot be reached.
        """
        with remote_errors(self.url):
            filesystem, root = open_filesystem(self.url)
            return bool(filesystem.isdir(root))

    def read(self, name: str) -> bytes | None:
        """All bytes of a file; None where there is no such file.

        Raises:
            DataError: it cannot be read.
        """
        with remote_errors(f"{self.url}/{name}"):
            filesystem, root = open_filesystem(self.url)
            try:
                return bytes(filesystem.cat_file(join(root, name)))
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                return None

    def sizes(self, names: Sequence[str]) -> list[int]:
        """The bytes in each file, -1 where there is no such file. Lists the folder that holds them all.

        Raises:
            DataError: the file system cannot be reached.
        """
        if not names:
            return []
        with remote_errors(self.url):
            filesystem, root = open_filesystem(self.url)
            common = join(root, posixpath.commonpath([posixpath.dirname(name) for name in names]))
            filesystem.invalidate_cache(common)
            found = filesystem.find(common, detail=True)
            entries = [found.get(join(root, name)) for name in names]
            return [-1 if entry is None else int(entry["size"]) for entry in entries]

    def gather(
        self, names: Sequence[str], offsets: Sequence[int], targets: Sequence[NDArray[Any]], identity: RemoteIdentity
    ) -> None:
        """Fill each array with the bytes of a file, asking for all at once; then look at ``identity``.

        Raises:
            DataError: a file cannot be read or ends early, or the dataset was replaced.
        """
        spans = _spans(names, offsets, targets)
        try:
            with remote_errors(self.url):
                filesystem, root = open_filesystem(self.url)
                pieces = filesystem.cat_ranges(
                    [join(root, span.name) for span in spans],
                    [span.start for span in spans],
                    [span.stop for span in spans],
                    on_error="raise",
                )
        except DataError:
            identity.check()
            raise
        identity.check()  # after reading: a dataset that is still the same now was the same then
        for span, piece in zip(spans, pieces, strict=True):
            if len(piece) != span.stop - span.start:
                raise DataError(f"'{self}/{span.name}' ends early; upload or convert the dataset again")
            position = 0
            for target in span.targets:
                target.reshape(-1).view(np.uint8)[:] = np.frombuffer(piece, np.uint8, target.nbytes, position)
                position += target.nbytes

    def identity(self, name: str) -> RemoteIdentity:
        """What stands in that file now.

        Raises:
            DataError: there is none.
        """
        content = self.read(name)
        if content is None:
            raise DataError(f"'{self}/{name}' does not exist; upload or convert the dataset again")
        return RemoteIdentity(self, name, content)


@dataclass(frozen=True)
class RemoteIdentity:
    """The content of one file. Remote file systems have neither inodes nor, all of them, times of writing."""

    folder: RemoteFolder
    name: str
    content: bytes

    def check(self) -> None:
        """Refuse to go on when the file holds something else, or is gone.

        Raises:
            DataError: the dataset was replaced or removed, or cannot be reached.
        """
        if self.folder.read(self.name) != self.content:
            raise DataError(
                f"the dataset '{self.folder}' was replaced or removed while it was being read; "
                "start again to read what is there now"
            )


@dataclass
class _Span:
    """Bytes of one file that follow each other, and the arrays they go to."""

    name: str
    start: int
    stop: int
    targets: list[NDArray[Any]]


def _spans(names: Sequence[str], offsets: Sequence[int], targets: Sequence[NDArray[Any]]) -> list[_Span]:
    """Join ranges that follow each other, as those of neighbouring frames do: each span is one request."""
    spans: list[_Span] = []
    for name, offset, target in zip(names, offsets, targets, strict=True):
        if spans and spans[-1].name == name and spans[-1].stop == offset:
            spans[-1].stop += target.nbytes
            spans[-1].targets.append(target)
        else:
            spans.append(_Span(name, offset, offset + target.nbytes, [target]))
    return spans


def join(root: str, name: str) -> str:
    """The path of a file in a file system, from that of a folder, which may be empty."""
    return f"{root}/{name}" if root else name
