from __future__ import annotations

import dataclasses

import pytest
import torch

from vita_dataset.errors import DataError
from vita_train.training_state import FILE, TrainingState, read_training_state, write_training_state

STATE = TrainingState(
    step=7,
    weights={"w": torch.ones(2)},
    optimizer={0: {"step": torch.tensor(7.0)}},
    ema=None,
    precision={"scale": 8.0, "_growth_tracker": 3},
    run={"seed": 1, "betas": [0.9, 1]},
)


def test_round_trip(tmp_path):
    write_training_state(tmp_path, STATE)
    back = read_training_state(tmp_path)
    assert back.step == 7
    assert torch.equal(back.weights["w"], torch.ones(2))
    assert back.optimizer[0]["step"] == 7
    assert back.ema is None
    assert back.precision == STATE.precision
    assert back.run == STATE.run


def test_a_file_of_before_the_loss_scale_was_saved_still_reads(tmp_path):
    write_training_state(tmp_path, STATE)
    content = torch.load(tmp_path / FILE, weights_only=True)
    del content["precision"]
    torch.save(content, tmp_path / FILE)
    assert read_training_state(tmp_path).precision == {}


def test_a_folder_that_only_serves_cannot_be_resumed(tmp_path):
    with pytest.raises(DataError, match="can serve but not be resumed"):
        read_training_state(tmp_path)


class Malicious:
    def __reduce__(self):
        return (pytest.fail, ("code of the file ran",))


@pytest.mark.parametrize("content", [b"", b"\x80\x04broken", None])
def test_damage_is_named_and_code_never_runs(tmp_path, content):
    if content is None:
        torch.save({"format_version": 1, "step": Malicious()}, tmp_path / FILE)
    else:
        (tmp_path / FILE).write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        read_training_state(tmp_path)


def test_a_truncated_file_is_named(tmp_path):
    write_training_state(tmp_path, dataclasses.replace(STATE, weights={"w": torch.ones(10_000)}))
    data = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match="cannot be read"):
        read_training_state(tmp_path)


def test_another_format_is_refused(tmp_path):
    torch.save({"format_version": 99}, tmp_path / FILE)
    with pytest.raises(DataError, match="format 99"):
        read_training_state(tmp_path)
