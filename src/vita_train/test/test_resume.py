from __future__ import annotations

from types import SimpleNamespace

import pytest

from vita_dataset.errors import DataError, UsageError
from vita_train.resume import find_start
from vita_train.session import Session


def make(root, *steps):
    session = Session(root)
    for step in steps:
        session.checkpoint(step).mkdir(parents=True)
        (session.checkpoint(step) / "model.safetensors").touch()
    return session


def settings(resume=True, checkpoint_path=None):
    return SimpleNamespace(resume=resume, checkpoint_path=checkpoint_path)


def test_a_new_run_never_mixes_with_an_old_one(tmp_path):
    assert find_start(settings(resume=False), make(tmp_path / "new")) is None
    with pytest.raises(UsageError, match=r"already has checkpoints up to step 4; add resume=true"):
        find_start(settings(resume=False), make(tmp_path / "old", 2, 4))


def test_resume_takes_the_newest_or_the_one_asked_for(tmp_path):
    session = make(tmp_path / "s", 2, 4)
    assert find_start(settings(), session) == session.checkpoint(4)
    assert find_start(settings(checkpoint_path=session.checkpoint(2)), session) == session.checkpoint(2)
    assert find_start(settings(checkpoint_path=session.root), session) == session.checkpoint(4)
    with pytest.raises(UsageError, match="has no checkpoint"):
        find_start(settings(), make(tmp_path / "empty"))
    with pytest.raises(DataError, match="nowhere"):
        find_start(settings(checkpoint_path=tmp_path / "nowhere"), session)


def test_a_branch_gets_a_session_of_its_own(tmp_path):
    other = make(tmp_path / "other", 3)
    branch = settings(checkpoint_path=other.root)
    assert find_start(branch, make(tmp_path / "new")) == other.checkpoint(3)
    with pytest.raises(UsageError, match="choose a new session"):
        find_start(branch, make(tmp_path / "s", 2))
