from __future__ import annotations

import io
import logging

import pytest
from rich.console import Console

from vita_train.run_log import run_log

log = logging.getLogger("vita_train.somewhere")


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=200)


def test_messages_go_to_both(tmp_path, console):
    with run_log(tmp_path / "train.log", console):
        log.info("one")
        log.error("two")
    assert console.file.getvalue().splitlines() == ["one", "error: two"]
    assert [line.split(" ", 2)[2] for line in (tmp_path / "train.log").read_text().splitlines()] == [
        "INFO one",
        "ERROR two",
    ]


def test_a_log_that_the_disk_does_not_take_is_said_once(tmp_path, console, capsys):
    # A device that is always full.
    (tmp_path / "train.log").symlink_to("/dev/full")
    with run_log(tmp_path / "train.log", console):
        log.info("one")
        log.info("two")
    said = console.file.getvalue().splitlines()
    assert [line for line in said if not line.startswith("error")] == ["one", "two"]
    (error,) = (line for line in said if line.startswith("error"))
    assert "No space left on device" in error
    assert "training goes on" in error
    assert capsys.readouterr().err == ""


def test_a_bug_in_a_message_is_not_hidden(tmp_path, console, capsys):
    with run_log(tmp_path / "train.log", console), pytest.raises(TypeError):
        log.info("%d", "text")
    assert "TypeError" in capsys.readouterr().err
