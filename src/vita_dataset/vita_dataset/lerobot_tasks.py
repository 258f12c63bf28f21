"""What the robot was asked to do: meta/tasks.parquet (v3.0) or meta/tasks.jsonl (v2) of a LeRobot dataset."""

from __future__ import annotations

from pathlib import Path

from vita_dataset.errors import DataError
from vita_dataset.file_checks import is_file
from vita_dataset.lerobot_json import parse_json, read_lines
from vita_dataset.parquet import ParquetFile

TEXT_COLUMNS = ("task", "__index_level_0__")
"""The text is the index of a pandas frame, which got a name only in later releases of v3.0."""


def read_tasks(root: Path) -> dict[int, str]:
    """The texts by task_index; none where there is no such file.

    Args:
        root: the dataset's folder.

    Raises:
        DataError: the file is damaged.
    """
    table, lines = root / "meta" / "tasks.parquet", root / "meta" / "tasks.jsonl"
    if is_file(table):
        return _from_table(ParquetFile(table))
    return _from_lines(lines) if is_file(lines) else {}


def _from_table(file: ParquetFile) -> dict[int, str]:
    texts = [column for column in TEXT_COLUMNS if column in file.columns]
    if not texts or "task_index" not in file.columns:
        raise DataError(
            f"'{file.path}' must have the columns task_index and task, but has {file.columns}; mend or remove the file"
        )
    tasks: dict[int, str] = {}
    for index, text in zip(file.values("task_index"), file.values(texts[0]), strict=True):
        if not isinstance(index, int) or not isinstance(text, str):
            raise DataError(
                f"'{file.path}' pairs the task_index {str(index)[:60]!r} with {str(text)[:60]!r}, but must pair whole "
                "numbers with texts; mend or remove the file"
            )
        tasks[index] = text
    return tasks


def _from_lines(path: Path) -> dict[int, str]:
    tasks: dict[int, str] = {}
    for number, line in enumerate(read_lines(path), 1):
        try:
            entry = parse_json(line)
            tasks[int(entry["task_index"])] = str(entry["task"])
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise DataError(f"line {number} of '{path}' is not a task ({error!r}); mend or remove the file") from error
    return tasks
