from __future__ import annotations

import zipfile

import pytest
from policy_support import tiny_policy, tiny_spec, tiny_stats

from vita_train.checkpoint_damage import damage, newest_whole
from vita_train.policy.checkpoint import save_checkpoint
from vita_train.session import Session


def write_state(folder):
    with zipfile.ZipFile(folder / "training_state.pt", "w") as file:
        file.writestr("data", b"0" * 100)


@pytest.fixture
def session(tmp_path):
    session = Session(tmp_path)
    for step in (2, 4):
        folder = session.checkpoint(step)
        save_checkpoint(folder, tiny_policy(), tiny_spec(), tiny_stats(), step=step, write_more=write_state)
    return session


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("model.safetensors", slice(-1), "model.safetensors was cut off"),
        ("model.safetensors", slice(20), "model.safetensors was cut off"),
        ("model.safetensors", slice(0), "model.safetensors was cut off"),
        ("model.safetensors", None, "model.safetensors: No such file"),
        ("training_state.pt", slice(-30), "training_state.pt was cut off"),
        ("training_state.pt", None, "training_state.pt is missing"),
        ("config.json", slice(-10), "a file is not what it must be"),
        ("config.json", None, "config.json: No such file"),
    ],
)
def test_a_file_that_is_cut_off_or_missing_is_told(session, name, content, reason):
    folder = session.checkpoint(4)
    assert damage(folder) is None
    assert newest_whole(session) == 4
    file = folder / name
    if content is None:
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[content])
    assert damage(folder).startswith(reason)
    assert newest_whole(session) == 2


def test_no_checkpoint_is_no_whole_one(tmp_path):
    assert newest_whole(Session(tmp_path)) is None
    Session(tmp_path).checkpoint(1).mkdir(parents=True)
    assert newest_whole(Session(tmp_path)) is None
