import json

import numpy as np
import pyarrow.parquet as pq

from vita_dataset.lerobot_tasks import read_tasks
from vita_dataset.parquet import ParquetFile
from vita_dataset.parquet_writer import TableWriter, write_rows, write_tasks


def test_written_tables_come_back(tmp_path):
    path = tmp_path / "data/a.parquet"
    state = np.arange(10, dtype=np.float32).reshape(5, 2)
    pictures = [b"one", b"two", b"three", b"four", b"five"]
    table = TableWriter(path)
    for part in (slice(0, 3), slice(3, 5)):
        numbers = {"state": state[part], "gripper": state[part, :1], "index": np.arange(5)[part]}
        before = table.size
        table.append(numbers, {"image": pictures[part]})
        assert table.size > before
    table.close()
    assert table.rows == 5
    file = ParquetFile(path)
    np.testing.assert_array_equal(file.numbers("state", 2), state)
    np.testing.assert_array_equal(file.numbers("gripper", 1), state[:, :1])
    assert list(file.encoded_images("image")) == pictures
    assert pq.ParquetFile(path).num_row_groups == 2
    schema = pq.read_schema(path)
    assert [str(schema.field(name).type) for name in ("state", "gripper", "index")] == [
        "fixed_size_list<element: float>[2]",
        "float",
        "int64",
    ]
    assert json.loads(schema.metadata[b"huggingface"])["info"]["features"] == {
        "image": {"_type": "Image"},
        "state": {"feature": {"dtype": "float32", "_type": "Value"}, "length": 2, "_type": "Sequence"},
        "gripper": {"dtype": "float32", "_type": "Value"},
        "index": {"dtype": "int64", "_type": "Value"},
    }


def test_tasks_are_the_index_of_a_pandas_frame(tmp_path):
    path = tmp_path / "meta/tasks.parquet"
    path.parent.mkdir()
    write_tasks(path, ["lift the cube", "äpfel"])
    assert read_tasks(tmp_path) == {0: "lift the cube", 1: "äpfel"}
    frame = json.loads(pq.read_schema(path).metadata[b"pandas"])
    assert frame["index_columns"] == ["task"]
    assert [column["name"] for column in frame["columns"]] == ["task_index", "task"]


def test_records_keep_their_types(tmp_path):
    path = tmp_path / "a/b.parquet"
    write_rows(path, [{"length": 5, "tasks": ["a"], "stats/x/mean": [[[0.5]]], "videos/x/from_timestamp": 0.0}])
    kinds = {field.name: str(field.type) for field in pq.read_schema(path)}
    assert kinds == {
        "length": "int64",
        "tasks": "list<element: string>",
        "stats/x/mean": "list<element: list<element: list<element: double>>>",
        "videos/x/from_timestamp": "double",
    }
