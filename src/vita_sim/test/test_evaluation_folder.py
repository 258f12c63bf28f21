"""The folder of an evaluation: whole or not there, and never in place of something else."""

import pytest

from vita_dataset.errors import UsageError
from vita_sim.evaluation_folder import evaluation_folder
from vita_sim.results import REPORT_FILE


def write(output, text="{}"):
    with evaluation_folder(output) as folder:
        (folder / REPORT_FILE).write_text(text)


def test_an_earlier_evaluation_is_replaced_whole(tmp_path):
    output = tmp_path / "evaluation"
    write(output)
    (output / "videos").mkdir()
    write(output, "new")
    assert [path.name for path in output.iterdir()] == [REPORT_FILE]
    assert (output / REPORT_FILE).read_text() == "new"
    assert list(tmp_path.iterdir()) == [output]


def test_an_empty_folder_may_be_used(tmp_path):
    (tmp_path / "evaluation").mkdir()
    write(tmp_path / "evaluation")


def test_anything_else_is_kept(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for output in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(UsageError, match="no earlier evaluation"):
            write(output)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_an_interrupted_one_leaves_the_earlier(tmp_path):
    output = tmp_path / "evaluation"
    write(output, "old")

    def interrupted():
        with evaluation_folder(output) as folder:
            (folder / REPORT_FILE).write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (output / REPORT_FILE).read_text() == "old"
    assert list(tmp_path.iterdir()) == [output]
