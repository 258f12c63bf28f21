from __future__ import annotations

import pytest
from rich.console import Console

from vita_dataset.errors import DataError, UsageError
from vita_train import session as module
from vita_train.run_log import run_log
from vita_train.session import Session


def make(tmp_path, *steps):
    session = Session(tmp_path / "s")
    session.make_folders()
    for step in steps:
        session.checkpoint(step).mkdir()
    return session


def test_only_whole_checkpoints_count(tmp_path):
    session = make(tmp_path, 20, 3)
    (session.checkpoints / ".step_0000000030.partial").mkdir()
    (session.checkpoints / "step_40").mkdir()
    assert session.saved_steps() == [3, 20]
    assert Session(tmp_path / "nothing").saved_steps() == []


@pytest.mark.parametrize(("keep_freq", "kept"), [(0, [2, 4, 6, 8]), (4, [4, 8]), (100, [8]), (1, [2, 4, 6, 8])])
def test_pruning_keeps_the_newest_and_multiples(tmp_path, keep_freq, kept):
    session = make(tmp_path, 2, 4, 6, 8)
    session.prune(keep_freq)
    assert session.saved_steps() == kept


def test_pruning_spares_what_is_named(tmp_path):
    session = make(tmp_path, 2, 4, 6, 8)
    assert session.prune(100, [4, 7]) == [2, 6]
    assert session.saved_steps() == [4, 8]


def test_later_validations_are_moved_too(tmp_path):
    session = make(tmp_path, 2)
    for step in (2, 4):
        session.validation(step).mkdir(parents=True)
    assert session.set_aside_after(2, "x") is None
    assert sorted(path.name for path in session.validations.iterdir()) == ["step_0000000002", "superseded_x"]


def test_later_checkpoints_are_moved_and_not_lost(tmp_path):
    session = make(tmp_path, 2, 4, 6)
    assert session.set_aside_after(6, "x") is None
    aside = session.set_aside_after(2, "x")
    assert session.saved_steps() == [2]
    assert sorted(path.name for path in aside.iterdir()) == ["step_0000000004", "step_0000000006"]


def test_two_trainings_do_not_share_a_session(tmp_path):
    session = make(tmp_path)
    with session.locked(), pytest.raises(UsageError, match="another training"), session.locked():
        pass
    with session.locked():
        pass


def test_a_checkpoint_that_is_being_deleted_has_no_name_any_more(tmp_path, monkeypatch):
    def kill(_):
        raise KeyboardInterrupt

    session = make(tmp_path, 2, 4)
    with monkeypatch.context() as patch:
        patch.setattr(module.shutil, "rmtree", kill)
        with pytest.raises(KeyboardInterrupt):
            session.prune(100)
    assert session.saved_steps() == [4]
    session.sweep()
    assert [path.name for path in session.checkpoints.iterdir()] == ["step_0000000004"]


def test_what_the_disk_refuses_is_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"cannot be used \(Not a directory: .*; give a base_dir=<folder>"):
        Session(tmp_path / "file" / "s").make_folders()
    nowhere = Session(tmp_path / "nowhere")
    with pytest.raises(DataError, match="No such file or directory"), nowhere.locked():
        pass
    with pytest.raises(DataError, match="No such file or directory"), run_log(nowhere.logs / "log", Console()):
        pass

    def no_locks(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(module.fcntl, "flock", no_locks)
    with pytest.raises(DataError, match="No locks available"), make(tmp_path).locked():
        pass


def test_errors_of_the_run_itself_pass_the_lock_and_the_log(tmp_path):
    session = make(tmp_path)
    with pytest.raises(OSError, match="mine"), session.locked(), run_log(session.logs / "log", Console(quiet=True)):
        raise OSError("mine")
