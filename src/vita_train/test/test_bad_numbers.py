from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from vita_dataset.errors import DataError
from vita_dataset.zarr_store import open_dataset
from vita_train.bad_numbers import BadNumbers
from vita_train.session import Session
from vita_train.windows import make_windows


@pytest.fixture
def data(dataset):
    return open_dataset(dataset)


def numbers(session, data):
    windows = make_windows(data.episode_ends, 4)
    return BadNumbers(session, data, windows, lambda step: np.array([step, 12]))


def module(bad, step=9):
    """What is looked at of a module whose first bad step came after ``bad`` good ones."""
    metrics = {"loss": torch.tensor(float("nan")), "grad_norm": torch.tensor(2.0)}
    return SimpleNamespace(first_bad_step=torch.tensor(bad), step=step, metrics=metrics)


def test_good_numbers_pass(tmp_path, data):
    numbers(Session(tmp_path), data).refuse(module(-1))
    assert list(tmp_path.iterdir()) == []


def test_the_samples_of_the_step_are_listed_with_their_outliers(tmp_path, data):
    # Episodes of 9, 14 and 11 steps: window 12 is the fourth step of the second.
    data.action[14, 1] = 1e9
    data.state[3, 2] = np.inf
    session = Session(tmp_path)
    session.checkpoint(2).mkdir(parents=True)
    with pytest.raises(DataError) as caught:
        numbers(session, data).refuse(module(3))
    (file,) = session.logs.iterdir()
    assert file.name == "bad_batch_step_0000000004.json"
    assert str(file) in str(caught.value)
    assert "of step 4 is not finite" in str(caught.value)
    assert f"'{session.checkpoint(2)}' is the last good checkpoint" in str(caught.value)
    content = json.loads(file.read_text(), parse_constant=pytest.fail)
    assert content["losses"] == {"step": 9, "loss": "nan", "grad_norm": 2.0}
    first, second = content["samples"]
    assert (first["window"], first["episode"], first["frame"], first["finite"]) == (3, 0, 3, False)
    assert first["farthest_from_mean_in_std"]["observation.state: c"] == "inf"
    assert (second["window"], second["episode"], second["frame"], second["finite"]) == (12, 1, 3, True)
    assert second["farthest_from_mean_in_std"]["action: b"] > 1e8


def test_a_disk_that_does_not_take_the_list_changes_nothing_else(tmp_path, data, caplog):
    session = Session(tmp_path)
    session.logs.touch()
    with pytest.raises(DataError, match=r"of step 4 is not finite; there is no checkpoint yet; lower optimizer_lr"):
        numbers(session, data).refuse(module(3))
    assert "could not be listed" in caplog.text
