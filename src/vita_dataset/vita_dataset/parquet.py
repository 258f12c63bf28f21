"""Parquet files as numpy arrays. The one file that reads them."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from numpy.typing import NDArray

from vita_dataset.errors import DataError

ROWS_PER_BATCH = 32
BUFFER_BYTES = 1 << 20
"""Read from a file at a time; else pyarrow holds a column of images packed as well as unpacked."""
DAMAGE = (OSError, ValueError, OverflowError, pa.ArrowException)
"""What pyarrow raises for files that are not what they seem; ValueError for names and texts that are no UTF-8."""


class ParquetFile:
    """One parquet file, or some of its rows, opened for reading.

    Raises:
        DataError: the file is missing or not parquet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = pq.ParquetFile(path, buffer_size=BUFFER_BYTES)
        except FileNotFoundError as error:
            raise DataError(f"'{path}' is missing; copy it again from where the recording was made") from error
        except DAMAGE as error:
            raise _damaged(path, error) from error
        sizes = [self._file.metadata.row_group(group).num_rows for group in range(self._file.num_row_groups)]
        self._group_starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        self._rows = slice(0, int(self._group_starts[-1]))
        # The columns of numbers of the row groups last read: episodes are asked for in order, many to a row group.
        self._read: dict[str, tuple[list[int], Any]] = {}

    def __len__(self) -> int:
        return int(self._rows.stop - self._rows.start)

    def rows(self, start: int, stop: int) -> ParquetFile:
        """Rows ``start`` to before ``stop`` of this file, 0 <= start <= stop <= its length; it stays open once."""
        part = copy.copy(self)
        part._rows = slice(self._rows.start + start, self._rows.start + stop)
        return part

    @property
    def first_row(self) -> int:
        """Where these rows begin in the file."""
        return int(self._rows.start)

    @property
    def columns(self) -> list[str]:
        """The names of all columns."""
        return list(self._file.schema_arrow.names)

    def values(self, column: str) -> list[Any]:
        """A column of any type as Python objects, None for empty cells.

        Raises:
            DataError: no such column, or the file is damaged.
        """
        try:
            return list(self._column(column).to_pylist())
        except DAMAGE as error:
            raise _damaged(self.path, error) from error

    def number_type(self, column: str) -> str:
        """The type of the numbers in a column, of lists or not, as numpy calls it; of other columns pyarrow's name.

        Raises:
            DataError: no such column.
        """
        self._check_there_once(column)
        kind = self._file.schema_arrow.field(column).type
        kind = kind.value_type if _is_list(kind) else kind
        return np.dtype(kind.to_pandas_dtype()).name if _is_numeric(kind) else str(kind)

    def numbers(self, column: str, dim: int) -> NDArray[np.float64]:
        """A numeric column, [n, dim]: of lists of dim numbers, or of plain numbers when dim is 1.

        Raises:
            DataError: no such column, not numeric, empty cells, or lists of another length.
        """
        array = self._column(column)
        if array.null_count:
            raise DataError(f"column '{column}' of '{self.path}' has {array.null_count} empty cells; record it again")
        if _is_list(array.type):
            lengths = set(np.unique(array.value_lengths().to_numpy(zero_copy_only=False)).tolist())
            array = array.flatten()
        else:
            lengths = {1}
        if lengths - {dim}:
            raise DataError(
                f"column '{column}' of '{self.path}' has rows of {sorted(lengths)} numbers, but meta/info.json says "
                f"{dim}; correct the shape in meta/info.json"
            )
        if not _is_numeric(array.type):
            raise DataError(
                f"column '{column}' of '{self.path}' must hold numbers, but holds {array.type}; record it again"
            )
        flat = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return np.asarray(flat, dtype=np.float64).reshape(-1, dim)

    def encoded_images(self, column: str) -> Iterator[bytes]:
        """The encoded bytes of an image column (``{"bytes": ..., "path": ...}`` or plain bytes), row by row.

        Raises:
            DataError: no such column, not images, or an empty row.
        """
        self._check_there_once(column)
        groups, first = self._groups()
        row = first
        try:
            for batch in self._file.iter_batches(batch_size=ROWS_PER_BATCH, row_groups=groups, columns=[column]):
                wanted = slice(max(self._rows.start - row, 0), max(self._rows.stop - row, 0))
                for number, value in enumerate(batch.column(0)[wanted].to_pylist(), row + wanted.start):
                    yield self._image_bytes(value, column, number)
                row += batch.num_rows
                if row >= self._rows.stop:
                    return
        except DAMAGE as error:
            raise _damaged(self.path, error) from error

    def _image_bytes(self, value: Any, column: str, row: int) -> bytes:
        content = value.get("bytes") if isinstance(value, Mapping) else value
        if isinstance(content, bytes) and content:
            return content
        raise DataError(
            f"row {row} of column '{column}' in '{self.path}' holds no image bytes; embed the images in the table or "
            "record them as video"
        )

    def _column(self, column: str) -> Any:
        self._check_there_once(column)
        groups, first = self._groups()
        if column not in self._read or self._read[column][0] != groups:
            try:
                array = self._file.read_row_groups(groups, columns=[column]).column(0).combine_chunks()
            except DAMAGE as error:
                raise _damaged(self.path, error) from error
            self._read[column] = (groups, array)
        return self._read[column][1].slice(self._rows.start - first, len(self))

    def _groups(self) -> tuple[list[int], int]:
        """The row groups that hold these rows, and the number of their first row."""
        starts = self._group_starts
        first, last = np.searchsorted(starts, [self._rows.start, self._rows.stop - 1], side="right") - 1
        groups = [int(group) for group in range(first, last + 1)] if len(self) else []
        return groups, int(starts[groups[0]]) if groups else self._rows.start

    def _check_there_once(self, column: str) -> None:
        count = self.columns.count(column)
        if count != 1:
            found = f"{count} columns" if count else "no column"
            raise DataError(
                f"'{self.path}' has {found} '{column}', only {self.columns}; "
                "correct the features in meta/info.json or record it again"
            )


def _is_list(kind: Any) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _is_numeric(kind: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


def _damaged(path: Path, error: Exception) -> DataError:
    reason = " ".join(str(error).split())[:200]
    return DataError(f"'{path}' cannot be read as parquet ({reason}); copy it again from where the recording was made")
