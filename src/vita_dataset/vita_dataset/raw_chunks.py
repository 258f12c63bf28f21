"""Arrays cut along their first axis into files of raw bytes: the chunks of an uncompressed zarr v3 array.

Writing the bytes straight into place and reading them back row by row is more than ten times as fast as going
through zarr's own arrays, which copy, plan and dispatch for each access.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_dataset.folder import Folder, Identity
from vita_dataset.whole_file import block_array, write_block

CHUNK_BYTES = 16 << 20
MAX_ROWS = 4096
MAX_IMAGE_ROWS = 256


def rows_per_chunk(row_bytes: int, most: int) -> int:
    """The largest power of two with at most ``CHUNK_BYTES`` in a chunk, between 1 and ``most`` rows."""
    fitting = max(1, min(most, CHUNK_BYTES // row_bytes))
    return 1 << (fitting.bit_length() - 1)


def chunk_file(folder: Path, number: int, dimensions: int) -> Path:
    """Where zarr v3 keeps a chunk: c/<number>/0/0."""
    return folder.joinpath("c", str(number), *["0"] * (dimensions - 1))


def chunk_names(array: str, count: int, dimensions: int) -> list[str]:
    """The same for the first chunks of an array of that name, relative to the dataset."""
    return ["/".join((array, "c", str(number), *["0"] * (dimensions - 1))) for number in range(count)]


def checked_rows(rows: NDArray[np.integer[Any]], count: int) -> NDArray[np.int64]:
    """Rows to read, int64 [n].

    Raises:
        IndexError: a row is negative or not below ``count``.
    """
    wanted = np.asarray(rows, dtype=np.int64).reshape(-1)
    if len(wanted) and (wanted.min() < 0 or wanted.max() >= count):
        raise IndexError(f"rows {wanted.min()} to {wanted.max()} were asked of {count}")
    return wanted


def place_for(shape: tuple[int, ...], dtype: np.dtype[Any], out: NDArray[Any] | None) -> NDArray[Any]:
    """An array to read into: ``out``, or a new one where it is None.

    Raises:
        ValueError: ``out`` has another shape or type, or its elements do not lie one after the other.
    """
    if out is None:
        return np.empty(shape, dtype)
    if out.shape != shape or out.dtype != dtype or not out.flags.c_contiguous:
        raise ValueError(
            f"out must be {dtype} {list(shape)}, its elements one after the other, but is {out.dtype} "
            f"{list(out.shape)} with strides {list(out.strides)}; pass such an array, or none"
        )
    return out


class ChunkWriter:
    """Appends rows of one shape and dtype, holding one chunk in memory."""

    def __init__(
        self, folder: Path, row_shape: tuple[int, ...], dtype: str, most_rows: int = MAX_ROWS, first_row: int = 0
    ) -> None:
        """Begin with row ``first_row``, a multiple of the rows of a chunk."""
        self.folder = folder
        self._first_row = first_row
        self.dtype = np.dtype(dtype)
        row_bytes = self.dtype.itemsize * int(np.prod(row_shape, dtype=np.int64))
        self.chunk_shape = (rows_per_chunk(row_bytes, most_rows), *row_shape)
        self._chunk = block_array(self.chunk_shape, self.dtype)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of all rows so far, those before ``first_row`` not counted."""
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
        number = (self._first_row + self._count - 1) // len(self._chunk)
        write_block(chunk_file(self.folder, number, len(self.chunk_shape)), self._chunk)


class ChunkReader:
    """Gathers rows, a copy a row and no chunk read whole. May be pickled, forked and used by several threads."""

    def __init__(
        self,
        folder: Folder,
        name: str,
        shape: tuple[int, ...],
        chunk_shape: tuple[int, ...],
        dtype: str,
        identity: Identity,
    ) -> None:
        """Check that every chunk is there.

        Args:
            folder: the dataset.
            name: the array's folder in it.
            shape: of the array.
            chunk_shape: of each file; differs from ``shape`` in the first side only.
            dtype: of the array.
            identity: of the dataset, so that rows of two never mix.

        Raises:
            DataError: a chunk's file is missing or has another size.
        """
        self.shape = shape
        self._folder = folder
        self._chunk_rows = chunk_shape[0]
        self._dtype = np.dtype(dtype)
        self._identity = identity
        self._row_bytes = self._dtype.itemsize * int(np.prod(shape[1:], dtype=np.int64))
        expected = self._row_bytes * self._chunk_rows
        self._names = chunk_names(name, -(-shape[0] // self._chunk_rows), len(shape))
        for chunk, size in zip(self._names, folder.sizes(self._names), strict=True):
            if size != expected:
                raise DataError(
                    f"'{folder}/{chunk}' {'is missing' if size < 0 else f'has {size} bytes'}, but {expected} bytes "
                    "were expected; copy or convert the dataset again"
                )

    def __len__(self) -> int:
        return self.shape[0]

    def read(self, rows: NDArray[np.integer[Any]], out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Gather rows [n] -> [n, ...], in the order asked for; into ``out`` where it is given, which is returned.

        Raises:
            IndexError: a row is negative or past the end.
            ValueError: ``out`` has another shape or type, or its elements do not lie one after the other.
            DataError: a chunk cannot be read, or the dataset was replaced.
        """
        wanted = checked_rows(rows, len(self))
        out = place_for((len(wanted), *self.shape[1:]), self._dtype, out)
        numbers, offsets = np.divmod(wanted, self._chunk_rows)
        self._folder.gather(
            [self._names[number] for number in numbers.tolist()],
            (offsets * self._row_bytes).tolist(),
            [out[position : position + 1] for position in range(len(out))],
            self._identity,
        )
        return out

    def read_all(self) -> NDArray[Any]:
        """All rows, chunk by chunk.

        Raises:
            DataError: a chunk cannot be read, or the dataset was replaced.
        """
        out = np.empty(self.shape, self._dtype)
        starts = range(0, len(self), self._chunk_rows)
        targets = [out[start : start + self._chunk_rows] for start in starts]
        self._folder.gather(self._names, [0] * len(targets), targets, self._identity)
        return out
