from __future__ import annotations

import pytest

from vita_dataset.errors import UsageError
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
