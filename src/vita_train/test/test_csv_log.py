from __future__ import annotations

import csv
import logging

import pytest

from vita_train import csv_log
from vita_train.csv_log import CsvLog


def rows(folder):
    with (folder / "metrics.csv").open(newline="") as file:
        return [{name: value for name, value in row.items() if value} for row in csv.DictReader(file)]


def test_rows_come_as_they_are_logged_and_columns_may_be_added(tmp_path):
    folder = tmp_path / "metrics" / "now"
    log = CsvLog(folder)
    assert not folder.exists()
    log.log_metrics({"loss": 2.5}, step=1)
    assert rows(folder) == [{"loss": "2.5", "step": "1"}]
    log.log_metrics({"loss": 1.5, "val/loss": 3.0}, step=2)
    log.log_metrics({"loss": float("nan")}, step=3)
    assert rows(folder) == [
        {"loss": "2.5", "step": "1"},
        {"loss": "1.5", "val/loss": "3.0", "step": "2"},
        {"loss": "nan", "step": "3"},
    ]
    assert (log.name, log.version) == ("metrics", "now")


@pytest.mark.parametrize("fails", ["new", "new column", "append"])
def test_a_full_disk_loses_no_row(tmp_path, monkeypatch, caplog, fails):
    caplog.set_level(logging.INFO)
    log = CsvLog(tmp_path)
    if fails != "new":
        log.log_metrics({"loss": 1}, step=1)
    write, open_file = csv_log.write_whole, csv_log.Path.open

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    class Half:
        """A file that takes half a row before the disk is full."""

        def __init__(self, path):
            self._file = open_file(path, "r+b")

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self._file.close()

        def __getattr__(self, name):
            return getattr(self._file, name)

        def write(self, content):
            self._file.write(content[:3])
            full()

    monkeypatch.setattr(csv_log, "write_whole", full)
    monkeypatch.setattr(csv_log.Path, "open", lambda path, *_, **__: Half(path))
    for step in (2, 3):
        log.log_metrics({"loss": step} | ({"new": 0} if fails == "new column" else {}), step=step)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "No space left on device" in caplog.text
    monkeypatch.setattr(csv_log, "write_whole", write)
    monkeypatch.setattr(csv_log.Path, "open", open_file)
    log.log_metrics({"loss": 4}, step=4)
    assert [row["step"] for row in rows(tmp_path)] == (["2", "3", "4"] if fails == "new" else ["1", "2", "3", "4"])
    assert "again" in caplog.text


def test_a_file_that_was_removed_comes_back_whole(tmp_path):
    log = CsvLog(tmp_path)
    log.log_metrics({"loss": 1}, step=1)
    (tmp_path / "metrics.csv").unlink()
    log.log_metrics({"loss": 2}, step=2)
    assert [row["step"] for row in rows(tmp_path)] == ["1", "2"]
