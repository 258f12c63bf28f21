"""Writes parquet files as LeRobot datasets have them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from numpy.typing import NDArray


class TableWriter:
    """One table of steps; each ``append`` becomes a row group, so that an episode is read without the others.

    Attributes:
        rows: written so far.
    """

    def __init__(self, path: Path) -> None:
        """Begin a file; its folder is made where it is missing."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.rows = 0
        self._sink = pa.OSFile(str(path), "wb")
        self._writer: Any = None

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return int(self._sink.tell())

    def append(self, numbers: Mapping[str, NDArray[Any]], images: Mapping[str, Sequence[bytes]]) -> None:
        """Write rows; all calls must have the same columns.

        Args:
            numbers: column name -> [n] or [n, dim], kept in its dtype; a vector of one element becomes a plain number.
            images: column name -> n encoded images.
        """
        columns: dict[str, Any] = {}
        for key, contents in images.items():
            rows = [{"bytes": content, "path": None} for content in contents]
            columns[key] = pa.array(rows, type=pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
        for key, values in numbers.items():
            flat = pa.array(np.ascontiguousarray(values).reshape(-1))
            columns[key] = pa.FixedSizeListArray.from_arrays(flat, values.shape[1]) if _is_list(values) else flat
        table = pa.table(columns)
        if self._writer is None:
            description = json.dumps({"info": {"features": _described(numbers, images)}})
            self._writer = pq.ParquetWriter(
                self._sink, table.schema.with_metadata({"huggingface": description}), compression="snappy"
            )
        self._writer.write_table(table.cast(self._writer.schema))
        self.rows += table.num_rows

    def close(self) -> None:
        """Make the file whole."""
        if self._writer is not None:
            self._writer.close()
        self._sink.close()


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a list of records; numbers, texts and nested lists of them become columns of their types."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows)), path)


def write_tasks(path: Path, tasks: Sequence[str]) -> None:
    """Write tasks.parquet: a pandas frame whose index is the texts, as LeRobot looks them up."""
    table = pa.table({"task_index": pa.array(range(len(tasks)), pa.int64()), "task": pa.array(tasks, pa.string())})
    kinds = {"task_index": ("int64", "int64"), "task": ("unicode", "object")}
    columns = [
        {"name": name, "field_name": name, "pandas_type": kind, "numpy_type": dtype, "metadata": None}
        for name, (kind, dtype) in kinds.items()
    ]
    header = {"name": None, "field_name": None, "pandas_type": "unicode", "numpy_type": "object", "metadata": None}
    frame = {"index_columns": ["task"], "column_indexes": [header], "columns": columns, "pandas_version": "2.0.0"}
    pq.write_table(table.replace_schema_metadata({"pandas": json.dumps(frame)}), path)


def _is_list(values: NDArray[Any]) -> bool:
    return values.ndim == 2 and values.shape[1] != 1


def _described(numbers: Mapping[str, NDArray[Any]], images: Mapping[str, Any]) -> dict[str, Any]:
    """The columns as the Hugging Face ``datasets`` library describes them."""
    types: dict[str, Any] = {key: {"_type": "Image"} for key in images}
    for key, values in numbers.items():
        value = {"dtype": values.dtype.name, "_type": "Value"}
        vector = {"feature": value, "length": values.shape[-1], "_type": "Sequence"}
        types[key] = vector if _is_list(values) else value
    return types
