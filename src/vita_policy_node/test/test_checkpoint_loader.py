from __future__ import annotations

from threading import Event

import pytest

from vita_dataset.errors import DataError
from vita_policy_node import checkpoint_loader
from vita_policy_node.checkpoint_loader import CheckpointLoader


def test_one_checkpoint_at_a_time_is_loaded_and_taken_once(monkeypatch):
    monkeypatch.setattr(checkpoint_loader, "open_checkpoint", lambda parameters: parameters["checkpoint"])
    loader = CheckpointLoader()
    assert (loader.busy, loader.done) == (False, True)
    loader.begin({"checkpoint": "a"})
    assert loader.busy
    assert loader.take() == "a"
    assert (loader.busy, loader.done) == (False, True)
    with pytest.raises(RuntimeError, match="nobody asked for"):
        loader.take()
    assert loader.close()


def test_a_load_that_hangs_is_not_waited_for_for_ever(monkeypatch):
    released = Event()
    monkeypatch.setattr(checkpoint_loader, "open_checkpoint", lambda _parameters: released.wait())
    loader = CheckpointLoader()
    loader.begin({})
    assert not loader.done
    assert not loader.close(patience_s=0.0)
    released.set()
    assert loader.close()
    assert loader.take()


def test_what_is_wrong_with_it_is_raised_where_it_is_taken():
    loader = CheckpointLoader()
    loader.begin({"checkpoint": "/nowhere"})
    with pytest.raises(DataError):
        loader.take()
    assert not loader.busy
    loader.close()
