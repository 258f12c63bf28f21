"""Arrays cut along their first axis into files of raw bytes: the chunks of an uncompressed zarr v3 array.

Writing the bytes straight into place and reading them back row by row is more than ten times as fast as going
through zarr's own arrays, which copy, plan and dispatch for each access.

Rows are read with ``preadv`` into the result. It is as fast as a memory map, but a map holds a file descriptor for as
long as it lives (one for each chunk: thousands), counts its pages as this process's memory, and kills the process
where a file turns out shorter than it was.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_dataset.file_identity import FileIdentity

CHUNK_BYTES = 16 << 20
MAX_ROWS = 4096
MAX_IMAGE_ROWS = 256
MAX_OPEN_FILES = 128
"""Over all readers of the process: the usual limit is 1024 descriptors, and most of them belong to others."""


def rows_per_chunk(row_bytes: int, most: int) -> int:
    """The largest power of two with at most ``CHUNK_BYTES`` in a chunk, between 1 and ``most`` rows."""
    fitting = max(1, min(most, CHUNK_BYTES // row_bytes))
    return 1 << (fitting.bit_length() - 1)


def chunk_file(folder: Path, number: int, dimensions: int) -> Path:
    """Where zarr v3 keeps a chunk: c/<number>/0/0."""
    return folder.joinpath("c", str(number), *["0"] * (dimensions - 1))


class ChunkWriter:
    """Appends rows of one shape and dtype, holding one chunk in memory."""

    def __init__(self, folder: Path, row_shape: tuple[int, ...], dtype: str, most_rows: int = MAX_ROWS) -> None:
        self.folder = folder
        self.dtype = np.dtype(dtype)
        row_bytes = self.dtype.itemsize * int(np.prod(row_shape, dtype=np.int64))
        self.chunk_shape = (rows_per_chunk(row_bytes, most_rows), *row_shape)
        self._chunk: NDArray[Any] = np.zeros(self.chunk_shape, self.dtype)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of all rows so far."""
        return (self._count, *self.chunk_shape[1:])

    def append(self, row: NDArray[Any]) -> None:
        """Add one row; a full chunk goes to its file."""
        position = self._count % len(self._chunk)
        self._chunk[position] = row
        self._count += 1
        if position == len(self._chunk) - 1:
            self._write()

    def close(self) -> None:
        """Write the last chunk, filled up with zeros as zarr expects."""
        filled = self._count % len(self._chunk)
        if filled:
            self._chunk[filled:] = 0
            self._write()

    def _write(self) -> None:
        path = chunk_file(self.folder, (self._count - 1) // len(self._chunk), len(self.chunk_shape))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self._chunk.data)


class ChunkReader:
    """Gathers rows, a copy a row and no chunk read whole. May be pickled, forked and used by several threads."""

    def __init__(
        self,
        folder: Path,
        shape: tuple[int, ...],
        chunk_shape: tuple[int, ...],
        dtype: str,
        identity: FileIdentity,
    ) -> None:
        """Check that every chunk is there.

        Args:
            folder: the array's folder.
            shape: of the array.
            chunk_shape: of each file; differs from ``shape`` in the first side only.
            dtype: of the array.
            identity: a file that is replaced whenever the chunks are; looked at for each chunk opened, so that rows
                of two datasets never mix.

        Raises:
            DataError: a chunk's file is missing or has another size.
        """
        self.shape = shape
        self._chunk_shape = chunk_shape
        self._dtype = np.dtype(dtype)
        self._identity = identity
        self._row_bytes = self._dtype.itemsize * int(np.prod(shape[1:], dtype=np.int64))
        expected = self._row_bytes * chunk_shape[0]
        self._paths: list[str] = []
        for number in range(-(-shape[0] // chunk_shape[0])):
            path = chunk_file(folder, number, len(shape))
            self._paths.append(str(path))
            size = path.stat().st_size if path.is_file() else -1
            if size != expected:
                raise DataError(
                    f"'{path}' {'is missing' if size < 0 else f'has {size} bytes'}, but {expected} bytes were "
                    "expected; copy or convert the dataset again"
                )

    def __len__(self) -> int:
        return self.shape[0]

    def read(self, rows: NDArray[np.integer[Any]]) -> NDArray[Any]:
        """Gather rows [n] -> [n, ...], in the order asked for.

        Raises:
            IndexError: a row is negative or past the end.
            DataError: a chunk cannot be read, or the dataset was replaced.
        """
        wanted = np.asarray(rows, dtype=np.int64).reshape(-1)
        if len(wanted) and (wanted.min() < 0 or wanted.max() >= self.shape[0]):
            raise IndexError(f"rows {wanted.min()} to {wanted.max()} were asked of {self.shape[0]}")
        out = np.empty((len(wanted), *self.shape[1:]), self._dtype)
        size = self._chunk_shape[0]
        for position, row in enumerate(wanted.tolist()):
            number, offset = divmod(row, size)
            self._fill(out[position : position + 1], number, offset)
        return out

    def read_all(self) -> NDArray[Any]:
        """All rows, chunk by chunk.

        Raises:
            DataError: a chunk cannot be read, or the dataset was replaced.
        """
        out = np.empty(self.shape, self._dtype)
        size = self._chunk_shape[0]
        for number in range(len(self._paths)):
            self._fill(out[number * size : (number + 1) * size], number, 0)
        return out

    def _fill(self, target: NDArray[Any], number: int, first: int) -> None:
        """Read as many rows as the target holds, from row ``first`` of a chunk."""
        path = self._paths[number]
        try:
            opened = _open(path, self._identity)  # held until the read is done: another thread may push it out
            count = os.preadv(opened.descriptor, [target.data], first * self._row_bytes)
        except OSError as error:
            self._identity.check()
            raise DataError(f"'{path}' cannot be read ({error.strerror}); copy or convert the dataset again") from error
        if count != target.nbytes:
            raise DataError(f"'{path}' ends early; copy or convert the dataset again")


class _OpenFile:
    """Closes itself when neither the cache nor a read in progress holds it any more."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        close(self.descriptor)  # the module's own names may be gone when the process ends


@lru_cache(maxsize=MAX_OPEN_FILES)
def _open(path: str, identity: FileIdentity) -> _OpenFile:
    """Open a chunk of the dataset that ``identity`` tells apart from a later one at the same path."""
    opened = _OpenFile(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    identity.check()  # after opening: a dataset that is still the same now was the same then
    return opened
