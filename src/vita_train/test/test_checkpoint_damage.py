from __future__ import annotations

import random

import pytest
import torch
from policy_support import tiny_policy, tiny_spec, tiny_stats

from vita_train.checkpoint_damage import damage, newest_whole, thorough_damage
from vita_train.policy.checkpoint import save_checkpoint
from vita_train.session import Session
from vita_train.training_state import CHECKSUMS, TrainingState, read_training_state, write_training_state

STATE = TrainingState(
    step=3,
    weights={"w": torch.arange(500.0)},
    optimizer={0: {"step": torch.tensor(3.0)}},
    ema={"w": torch.arange(500.0) / 2},
    precision={},
    run={"seed": 1},
)


def write_state(folder):
    write_training_state(folder, STATE)


@pytest.fixture
def session(tmp_path):
    session = Session(tmp_path)
    for step in (2, 4):
        folder = session.checkpoint(step)
        policy = tiny_policy(observer="small")
        save_checkpoint(folder, policy, tiny_spec(), tiny_stats(), step=step, write_more=write_state)
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


def same_state(one, other):
    tensors = zip(
        (one.weights["w"], one.ema["w"], one.optimizer[0]["step"]),
        (other.weights["w"], other.ema["w"], other.optimizer[0]["step"]),
        strict=True,
    )
    return all(torch.equal(a, b) for a, b in tensors) and (one.step, one.run) == (other.step, other.run)


@pytest.mark.parametrize("name", ["model.safetensors", "training_state.pt", "config.json"])
def test_a_changed_bit_is_told_or_changes_nothing(session, name):
    folder = session.checkpoint(4)
    assert thorough_damage(folder) is None
    file, draw = folder / name, random.Random(7)
    content = file.read_bytes()
    told = 0
    for _ in range(60):
        broken = bytearray(content)
        broken[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        file.write_bytes(broken)
        reason = thorough_damage(folder)
        if reason is None:
            # Padding and what zip readers do not look at, only there.
            assert name == "training_state.pt"
            assert same_state(read_training_state(folder), STATE)
        else:
            told += 1
    assert told > 30
    file.write_bytes(content)
    assert thorough_damage(folder) is None


def test_a_changed_weight_is_told_by_its_file(session):
    folder = session.checkpoint(4)
    file = folder / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-40] ^= 1
    file.write_bytes(content)
    assert damage(folder) is None
    assert thorough_damage(folder).startswith("model.safetensors was changed or damaged")
    (folder / "training_state.pt").unlink()
    assert thorough_damage(folder) == "training_state.pt is missing"


def test_a_checkpoint_of_before_the_checksums_can_be_resumed(session):
    folder = session.checkpoint(4)
    content = torch.load(folder / "training_state.pt", weights_only=True)
    del content[CHECKSUMS]
    torch.save(content, folder / "training_state.pt")
    assert thorough_damage(folder) is None
    assert same_state(read_training_state(folder), STATE)
