"""Parquet files as numpy arrays. The one file that imports pyarrow."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from numpy.typing import NDArray

from vita_dataset.errors import DataError

ROWS_PER_BATCH = 32


class ParquetFile:
    """One parquet file, opened for reading.

    Raises:
        DataError: the file is missing or not parquet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = pq.ParquetFile(path)
        except FileNotFoundError as error:
            raise DataError(f"'{path}' is missing; copy it again from where the recording was made") from error
        except (OSError, pa.ArrowException) as error:
            raise _damaged(path, error) from error

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    @property
    def columns(self) -> list[str]:
        """The names of all columns."""
        return list(self._file.schema_arrow.names)

    def numbers(self, column: str, dim: int) -> NDArray[np.float64]:
        """A numeric column, [n, dim]: of lists of dim numbers, or of plain numbers when dim is 1.

        Raises:
            DataError: no such column, not numeric, empty cells, or lists of another length.
        """
        array = self._column(column)
        if array.null_count:
            raise DataError(f"column '{column}' of '{self.path}' has {array.null_count} empty cells; record it again")
        if (
            pa.types.is_list(array.type)
            or pa.types.is_large_list(array.type)
            or pa.types.is_fixed_size_list(array.type)
        ):
            lengths = set(np.unique(array.value_lengths().to_numpy(zero_copy_only=False)).tolist())
            array = array.flatten()
        else:
            lengths = {1}
        if lengths - {dim}:
            raise DataError(
                f"column '{column}' of '{self.path}' has rows of {sorted(lengths)} numbers, but meta/info.json says "
                f"{dim}; correct the shape in meta/info.json"
            )
        try:
            flat = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        except pa.ArrowException as error:
            raise DataError(f"column '{column}' of '{self.path}' must hold numbers, but holds {array.type}") from error
        return np.asarray(flat, dtype=np.float64).reshape(-1, dim)

    def encoded_images(self, column: str) -> Iterator[bytes]:
        """The encoded bytes of an image column (``{"bytes": ..., "path": ...}`` or plain bytes), row by row.

        Raises:
            DataError: no such column, not images, or an empty row.
        """
        if column not in self.columns:
            raise self._missing(column)
        row = 0
        try:
            for batch in self._file.iter_batches(batch_size=ROWS_PER_BATCH, columns=[column]):
                for value in batch.column(0).to_pylist():
                    yield self._image_bytes(value, column, row)
                    row += 1
        except (OSError, pa.ArrowException) as error:
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
        if column not in self.columns:
            raise self._missing(column)
        try:
            return self._file.read(columns=[column]).column(0).combine_chunks()
        except (OSError, pa.ArrowException) as error:
            raise _damaged(self.path, error) from error

    def _missing(self, column: str) -> DataError:
        return DataError(
            f"'{self.path}' has no column '{column}', only {self.columns}; "
            "correct the features in meta/info.json or record it again"
        )


def write_parquet(
    path: Path,
    numbers: Mapping[str, NDArray[Any]],
    images: Mapping[str, Sequence[bytes]],
    features: Mapping[str, Any],
) -> None:
    """Write one table.

    Args:
        path: the file to write.
        numbers: column name -> [n] or [n, dim], kept in its dtype.
        images: column name -> n encoded images.
        features: what the Hugging Face ``datasets`` library needs to know about the columns.
    """
    columns: dict[str, Any] = {}
    for key, contents in images.items():
        rows = [{"bytes": content, "path": None} for content in contents]
        columns[key] = pa.array(rows, type=pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    for key, values in numbers.items():
        flat = pa.array(np.ascontiguousarray(values).reshape(-1))
        columns[key] = flat if values.ndim == 1 else pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
    description = json.dumps({"info": {"features": dict(features)}})
    pq.write_table(pa.table(columns).replace_schema_metadata({"huggingface": description}), path)


def _damaged(path: Path, error: Exception) -> DataError:
    reason = " ".join(str(error).split())[:200]
    return DataError(f"'{path}' cannot be read as parquet ({reason}); copy it again from where the recording was made")
