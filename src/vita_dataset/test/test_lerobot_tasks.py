import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lerobot_v3_files import change_episodes

from vita_dataset.errors import DataError
from vita_dataset.lerobot_reader import LeRobotDataset
from vita_dataset.lerobot_tasks import read_tasks


def test_tasks_come_from_wherever_they_are(both):
    _, new = both()
    change_episodes(new, lambda columns: columns.pop("tasks"))
    assert LeRobotDataset(new).episode(1).table.task == "task 1"
    tasks = pq.read_table(new / "meta/tasks.parquet")
    pq.write_table(tasks.rename_columns(["task_index", "__index_level_0__"]), new / "meta/tasks.parquet")
    assert LeRobotDataset(new).episode(0).table.task == "task 0"
    pq.write_table(pa.table({"task_index": ["a"], "task": ["b"]}), new / "meta/tasks.parquet")
    with pytest.raises(DataError, match=r"tasks\.parquet' pairs the task_index 'a'"):
        LeRobotDataset(new).episode(0)
    pq.write_table(pa.table({"task": ["b"]}), new / "meta/tasks.parquet")
    with pytest.raises(DataError, match="must have the columns task_index and task"):
        LeRobotDataset(new).episode(0)
    (new / "meta/tasks.parquet").unlink()
    assert LeRobotDataset(new).episode(0).table.task == ""


def test_lines_of_tasks(tmp_path):
    assert read_tasks(tmp_path) == {}
    (tmp_path / "meta").mkdir()
    path = tmp_path / "meta/tasks.jsonl"
    path.write_text('{"task_index": 1, "task": "lift"}\n\n{"task_index": 0, "task": "reach"}\n')
    assert read_tasks(tmp_path) == {0: "reach", 1: "lift"}
    for line in (
        '{"task_index": 0}',
        '{"task_index": Infinity, "task": "a"}',
        "[]",
        "{",
        r'{"task_index": 0, "task": "\ud800"}',
    ):
        path.write_text(line)
        with pytest.raises(DataError, match=r"line 1 of .* is not a task"):
            read_tasks(tmp_path)
