import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vita_dataset.errors import DataError
from vita_dataset.parquet import ParquetFile


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


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 12), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_any_rows_of_any_row_groups(tmp_path, group, first, second, inner):
    count = 50
    state = np.arange(2.0 * count).reshape(count, 2)
    columns = {
        "fixed": pa.array(state.tolist(), pa.list_(pa.float32(), 2)),
        "lists": pa.array(state.tolist(), pa.list_(pa.float64())),
        "image": pa.array([{"bytes": b"%d" % row, "path": None} for row in range(count)]),
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet", row_group_size=group)
    start, stop = sorted((first, second))
    file = ParquetFile(tmp_path / "a.parquet")
    part = file.rows(start, stop)
    assert (len(part), part.first_row, len(file)) == (stop - start, start, count)
    for column in ("fixed", "lists"):
        np.testing.assert_array_equal(part.numbers(column, 2), state[start:stop])
        np.testing.assert_array_equal(file.numbers(column, 2), state)
    assert list(part.encoded_images("image")) == [b"%d" % row for row in range(start, stop)]
    inner = min(inner, len(part))
    np.testing.assert_array_equal(part.rows(inner, len(part)).numbers("fixed", 2), state[start + inner : stop])


def test_values_of_any_type(tmp_path):
    file = write(tmp_path / "a.parquet", text=pa.array(["a", None]), lists=pa.array([["x"], []]))
    assert file.values("text") == ["a", None]
    assert file.rows(1, 2).values("lists") == [[]]
    with pytest.raises(DataError, match="no column 'absent'"):
        file.values("absent")


def test_a_table_without_rows(tmp_path):
    file = write(tmp_path / "a.parquet", a=pa.array([], pa.float32()), image=pa.array([], pa.binary()))
    assert file.numbers("a", 1).shape == (0, 1)
    assert list(file.encoded_images("image")) == []


def test_numbers_that_do_not_fit(tmp_path):
    file = write(
        tmp_path / "a.parquet",
        ragged=pa.array([[1.0], [1.0, 2.0]]),
        holes=pa.array([[1.0], None]),
        text=pa.array(["a", "b"]),
        digits=pa.array(["1", "2"]),
        inner=pa.array([[1.0, None], [1.0, 2.0]]),
    )
    for column, dim, message in (
        ("ragged", 2, r"rows of \[1, 2\] numbers"),
        ("holes", 1, "1 empty cells"),
        ("text", 1, "must hold numbers"),
        ("digits", 1, r"must hold numbers, but holds string; record it again"),
        ("absent", 1, r"no column 'absent', only \['ragged'"),
    ):
        with pytest.raises(DataError, match=message):
            file.numbers(column, dim)
    assert np.isnan(file.numbers("inner", 2)[0, 1])


def test_a_column_that_is_there_twice_is_refused(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array([1.0]), pa.array([b"2"]), pa.array([3])], ["a", "a", "b"]), path)
    file = ParquetFile(path)
    assert file.values("b") == [3]
    for read in (
        file.values,
        file.number_type,
        lambda column: file.numbers(column, 1),
        lambda c: list(file.encoded_images(c)),
    ):
        with pytest.raises(DataError, match=r"has 2 columns 'a', only \['a', 'a', 'b'\]"):
            read("a")


def test_the_type_of_numbers(tmp_path):
    file = write(
        tmp_path / "a.parquet",
        fixed=pa.array([[1.0]], pa.list_(pa.float32(), 1)),
        lists=pa.array([[1.0]], pa.list_(pa.float64())),
        plain=pa.array([1], pa.int64()),
        text=pa.array(["a"]),
    )
    found = {column: file.number_type(column) for column in file.columns}
    assert found == {"fixed": "float32", "lists": "float64", "plain": "int64", "text": "string"}
    with pytest.raises(DataError, match="no column 'absent'"):
        file.number_type("absent")


@pytest.mark.parametrize("piece", [b"\xff", b"\x80", b"\xc3("])
def test_a_column_whose_name_is_no_text_is_damage(tmp_path, piece):
    path = tmp_path / "a.parquet"
    # Twice in the file: in the schema and with the column. Arrow's own copy of the schema would hide the first.
    pq.write_table(pa.table({"a name of its own": [1.0]}), path, store_schema=False)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"a name", b"a name"[: -len(piece)] + piece))
    assert path.read_bytes() != whole
    with pytest.raises(DataError, match=r"a\.parquet' cannot be read as parquet \('utf-8' codec"):
        _ = ParquetFile(path).columns


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
