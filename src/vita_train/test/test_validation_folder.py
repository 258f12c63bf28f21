from __future__ import annotations

import json

import numpy as np
import pytest

from vita_dataset.errors import DataError
from vita_train import validation_folder
from vita_train.validation_errors import ChunkErrors, JointScale, Validation
from vita_train.validation_examples import Example
from vita_train.validation_folder import read_error, write_validation


def make(error=0.5, joints=3):
    errors = ChunkErrors(np.full(joints, error), np.full(joints, error))
    names = tuple(f"joint {number}" for number in range(joints))
    return Validation((3, 8), 11, 4, JointScale(names, np.ones(joints)), errors, errors, "still", {"loss": 1.0})


def example(length, joints=3):
    rng = np.random.default_rng(0)
    recorded, predicted, flow = (
        rng.normal(size=(*shape, joints)).astype(np.float32) for shape in ((length,), (length, 8), (7, 8))
    )
    return Example(3, recorded, predicted, length // 2, flow)


@pytest.mark.parametrize("length", [1, 4, 13])
def test_episodes_of_any_length_are_drawn(tmp_path, length):
    folder = tmp_path / "new" / "val"
    write_validation(folder, make(), [example(length)], 10.0, {"step": 7})
    assert sorted(path.name for path in folder.iterdir()) == ["episode_3.png", "flow_3.png", "metrics.json"]
    assert (folder / "flow_3.png").read_bytes().startswith(b"\x89PNG")
    content = json.loads((folder / "metrics.json").read_text())
    assert (content["step"], content["hold"]) == (7, "still")
    assert read_error(folder) == ((3, 8), 0.5)
    assert [path.name for path in folder.parent.iterdir()] == ["val"]


def test_an_earlier_validation_is_replaced_and_nothing_else_is(tmp_path):
    folder = tmp_path / "val"
    write_validation(folder, make(), [], 10.0, {})
    write_validation(folder, make(0.25), [], 10.0, {})
    assert read_error(folder) == ((3, 8), 0.25)
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine").touch()
    with pytest.raises(DataError, match="something else"):
        write_validation(other, make(), [], 10.0, {})


@pytest.mark.parametrize("content", [None, "{", "{}", "[]", '{"episodes": [1], "mae_over_range": null}'])
def test_what_cannot_be_read_has_no_score(tmp_path, content):
    if content is not None:
        (tmp_path / "metrics.json").write_text(content)
    assert read_error(tmp_path) is None


def test_an_error_that_is_not_finite_is_no_score(tmp_path):
    write_validation(tmp_path / "val", make(float("nan")), [], 10.0, {})
    assert read_error(tmp_path / "val") is None


def test_a_disk_that_refuses_is_one_sentence_and_leaves_nothing(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(validation_folder, "plot_examples", refuse)
    with pytest.raises(DataError, match=r"val' cannot be written: .*Input/output error"):
        write_validation(tmp_path / "val", make(), [], 10.0, {})
    assert not (tmp_path / "val").exists()
