import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vita_dataset.errors import DataError
from vita_dataset.parquet import ParquetFile, write_parquet


def write(path, **columns):
    pq.write_table(pa.table(columns), path)
    return ParquetFile(path)


def test_numbers_of_any_layout(tmp_path):
    rows = [[1.0, 2.0], [3.0, 4.5], [5.0, 6.0]]
    file = write(
        tmp_path / "a.parquet",
        fixed=pa.array(rows, pa.list_(pa.float32(), 2)),
        lists=pa.array(rows, pa.list_(pa.float64())),
        large=pa.array(rows, pa.large_list(pa.float32())),
        plain=pa.array([1, 2, 3], pa.int64()),
    )
    for column in ("fixed", "lists", "large"):
        np.testing.assert_array_equal(file.numbers(column, 2), rows)
    np.testing.assert_array_equal(file.numbers("plain", 1), [[1], [2], [3]])
    assert len(file) == 3


def test_numbers_that_do_not_fit(tmp_path):
    file = write(
        tmp_path / "a.parquet",
        ragged=pa.array([[1.0], [1.0, 2.0]]),
        holes=pa.array([[1.0], None]),
        text=pa.array(["a", "b"]),
        inner=pa.array([[1.0, None], [1.0, 2.0]]),
    )
    for column, dim, message in (
        ("ragged", 2, r"rows of \[1, 2\] numbers"),
        ("holes", 1, "1 empty cells"),
        ("text", 1, "must hold numbers"),
        ("absent", 1, r"no column 'absent', only \['ragged'"),
    ):
        with pytest.raises(DataError, match=message):
            file.numbers(column, dim)
    assert np.isnan(file.numbers("inner", 2)[0, 1])


def test_written_tables_come_back(tmp_path):
    path = tmp_path / "a.parquet"
    state = np.arange(6, dtype=np.float32).reshape(3, 2)
    write_parquet(path, {"state": state, "index": np.arange(3)}, {"image": [b"one", b"two", b"three"]}, {"state": 1})
    file = ParquetFile(path)
    np.testing.assert_array_equal(file.numbers("state", 2), state)
    assert list(file.encoded_images("image")) == [b"one", b"two", b"three"]
    assert b'"state": 1' in pq.read_schema(path).metadata[b"huggingface"]


def test_damage_is_named(tmp_path):
    path = tmp_path / "a.parquet"
    with pytest.raises(DataError, match=r"a\.parquet' is missing"):
        ParquetFile(path)
    write(path, a=pa.array([1.0]))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="cannot be read as parquet"):
        ParquetFile(path)
    file = write(path, image=pa.array([{"bytes": None, "path": "a.png"}]))
    with pytest.raises(DataError, match="row 0 of column 'image'"):
        list(file.encoded_images("image"))
    with pytest.raises(DataError, match="no column"):
        list(file.encoded_images("other"))
