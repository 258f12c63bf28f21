"""What may go wrong under a run, through the whole command: it is said, and no step that was good is lost."""

from __future__ import annotations

import json
import os
import resource
import signal

import pytest
from safetensors.torch import load_file

from vita_dataset import local_folder
from vita_dataset.errors import DataError
from vita_train.data import BatchDataset
from vita_train.session import Session
from vita_train.training_state import read_training_state

SMALL_FILE = 20_000
"""Bytes; less than any file of weights, more than any log of a few steps."""


@pytest.fixture
def root(tmp_path):
    return tmp_path / "flare_outputs" / "reach" / "vita" / "s"


def steps(root):
    return sorted(int(path.name.removeprefix("step_")) for path in (root / "checkpoints").glob("step_*"))


def folder(root, step):
    return root / "checkpoints" / f"step_{step:010d}"


def flip(path):
    """Change one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def before_batch(monkeypatch, number, act):
    """Let something happen in the process that reads, right before it reads one batch."""
    gather = BatchDataset.__getitem__

    def read(self, index):
        if index == number:
            act()
        return gather(self, index)

    monkeypatch.setattr(BatchDataset, "__getitem__", read)


def one_sentence(err):
    """The command's last word, and no traceback anywhere."""
    assert "Traceback" not in err
    last = err.splitlines()[-1]
    assert last.startswith("error: ")
    return last


def test_resume_goes_on_from_the_newest_checkpoint_that_is_whole(train, root, capsys):
    assert train("train.steps=4") == 0
    whole = read_training_state(folder(root, 4)).weights
    flip(folder(root, 4) / "model.safetensors")
    assert train("train.steps=4", "resume=true", f"checkpoint_path={folder(root, 4)}") == 1
    assert "cannot be resumed: model.safetensors " in one_sentence(capsys.readouterr().err)

    assert train("train.steps=4", "resume=true") == 0
    err = capsys.readouterr().err
    assert "error: a checkpoint is damaged and was left out: step_0000000004: model.safetensors " in err
    assert f"going on from {folder(root, 2)}" in err
    resumed = read_training_state(folder(root, 4)).weights
    assert all((value == resumed[key]).all() for key, value in whole.items())
    (aside,) = (root / "checkpoints").glob("superseded_*")
    assert [path.name for path in aside.iterdir()] == ["step_0000000004"]

    for step in (2, 4):
        flip(folder(root, step) / "training_state.pt")
    assert train("train.steps=4", "resume=true") == 1
    assert "is whole: step_0000000004" in one_sentence(capsys.readouterr().err)
    assert steps(root) == [2, 4]


def test_a_bad_step_names_its_samples(train, root, capsys):
    assert train("train.steps=9", "train.save_freq=1", "optimizer_lr=1e30") == 1
    sentence = one_sentence(capsys.readouterr().err)
    (file,) = (root / "logs").glob("bad_batch_step_*.json")
    assert str(file) in sentence
    content = json.loads(file.read_text())
    assert file.name == f"bad_batch_step_{content['step']:010d}.json"
    assert f"of step {content['step']} is not finite" in sentence
    assert "loss" in content["losses"]
    assert len(content["samples"]) == 4
    for sample in content["samples"]:
        assert sample["finite"]
        assert 0 <= sample["episode"] < 3
        assert 0 <= sample["frame"] < 14
        assert set(sample) == {"window", "episode", "frame", "finite", "farthest_from_mean_in_std"}
    assert steps(root)[-1] < content["step"]
    last = folder(root, steps(root)[-1])
    assert all(value.isfinite().all() for value in load_file(last / "model.safetensors").values())


@pytest.mark.parametrize("workers", [0, 1])
def test_a_dataset_that_is_cut_off_under_a_run_ends_it_with_a_checkpoint(
    train, root, tmp_path, make_dataset, make_task, monkeypatch, capsys, workers
):
    data = make_dataset(tmp_path / "data")
    chunk = next((data / "data" / "observation.images.image" / "c").rglob("0"))
    while chunk.is_dir():
        chunk = next(chunk.iterdir())
    before_batch(monkeypatch, 3, lambda: os.truncate(chunk, 100))
    task = make_task(tmp_path / "task.yaml", data)
    assert train("train.steps=9", "train.save_freq=9", f"train.num_workers={workers}", task=task) == 1
    captured = capsys.readouterr().err
    assert f"'{chunk}' ends early; copy or convert the dataset again" in one_sentence(captured)
    assert f"saved {folder(root, 3)}" in captured
    assert steps(root) == [3]
    assert read_training_state(folder(root, 3)).step == 3


def test_a_dataset_that_is_replaced_under_a_run_is_never_mixed_with_the_new_one(
    train, root, tmp_path, make_dataset, make_task, monkeypatch, capsys
):
    data = make_dataset(tmp_path / "data")

    def replace():
        data.rename(tmp_path / "old")
        make_dataset(data, fingerprint="new")
        # As in a dataset of more files than may be open at once.
        local_folder._open.cache_clear()

    before_batch(monkeypatch, 2, replace)
    task = make_task(tmp_path / "task.yaml", data)
    assert train("train.steps=9", "train.save_freq=9", task=task) == 1
    assert "was replaced or removed while it was being read" in one_sentence(capsys.readouterr().err)
    assert steps(root) == [2]
    assert train("train.steps=9", "train.save_freq=9", "resume=true", task=task) == 1
    assert "fingerprint tiny" in one_sentence(capsys.readouterr().err)


def test_a_resumed_run_whose_data_fail_at_once_keeps_what_there_was(train, root, monkeypatch, capsys):
    def refuse():
        raise DataError("the dataset went away")

    assert train("train.steps=2") == 0
    before = (folder(root, 2) / "model.safetensors").read_bytes()
    before_batch(monkeypatch, 2, refuse)
    assert train("train.steps=9", "resume=true") == 1
    assert one_sentence(capsys.readouterr().err) == "error: the dataset went away"
    assert steps(root) == [2]
    assert (folder(root, 2) / "model.safetensors").read_bytes() == before


def test_data_that_fail_in_a_validation_cost_no_step(train, root, monkeypatch, capsys):
    read, calls = BatchDataset.gather, []

    def refuse(self, windows):
        # Training batches are of four windows, that of the validation is not.
        if len(windows) != 4:
            calls.append(windows)
            raise DataError("the dataset went away")
        return read(self, windows)

    monkeypatch.setattr(BatchDataset, "gather", refuse)
    assert train("train.steps=9", "train.save_freq=9", "val.num_episodes=1", "val.val_offline_freq=3") == 1
    assert one_sentence(capsys.readouterr().err) == "error: the dataset went away"
    assert len(calls) == 1
    assert steps(root) == [3]


def test_a_loader_process_that_is_killed_ends_the_run_in_one_sentence(train, root, monkeypatch, capsys):
    before_batch(monkeypatch, 2, lambda: os.kill(os.getpid(), signal.SIGKILL))
    assert train("train.steps=9", "train.save_freq=9", "train.num_workers=1") == 1
    assert "a process that loads data ended" in one_sentence(capsys.readouterr().err)


@pytest.fixture
def disk(monkeypatch):
    """Call it to make the disk refuse files above some size in this process, as a full one does, or to mend it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard if size is None else size, hard))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_refuses_a_checkpoint_is_said_aloud_and_tried_again(train, root, monkeypatch, capsys, disk):
    before_batch(monkeypatch, 1, lambda: disk(SMALL_FILE))
    before_batch(monkeypatch, 4, lambda: disk(None))
    assert train("train.steps=6") == 0
    err = capsys.readouterr().err
    assert "error: the checkpoint of step 2 could not be written" in err
    assert "File too large" in err
    assert "error: the checkpoint of step 4 could not be written" in err
    assert [path.name for path in (root / "checkpoints").iterdir()] == ["step_0000000006"]
    assert read_training_state(folder(root, 6)).step == 6


def test_a_disk_that_is_full_in_the_middle_of_a_checkpoint_leaves_none_of_it(train, root, monkeypatch, capsys, disk):
    def almost_full():
        # Room for the weights, none for the state.
        disk((folder(root, 2) / "model.safetensors").stat().st_size + 1)

    before_batch(monkeypatch, 3, almost_full)
    before_batch(monkeypatch, 4, lambda: disk(None))
    assert train("train.steps=6") == 0
    err = capsys.readouterr().err
    assert err.count("could not be written") == 1
    assert "error: the checkpoint of step 4 could not be written" in err
    assert sorted(path.name for path in (root / "checkpoints").iterdir()) == ["step_0000000002", "step_0000000006"]


def test_metrics_and_log_on_a_full_disk_do_not_end_the_run(train, root, monkeypatch, capsys, disk):
    # Less than what both files hold already: they take nothing more, as on a full disk.
    before_batch(monkeypatch, 2, lambda: disk(10))
    before_batch(monkeypatch, 4, lambda: disk(None))
    assert train("train.steps=6", "train.save_freq=5", "train.log_freq=1") == 0
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert err.count("metrics cannot be written") == 1
    assert err.count("messages cannot be written") == 1
    (metrics,) = (root / "logs" / "metrics").glob("*/metrics.csv")
    header, *rows = metrics.read_text().splitlines()
    column = header.split(",").index("step")
    assert [int(row.split(",")[column]) for row in rows] == [1, 2, 3, 4, 5, 6]


def test_an_old_checkpoint_that_cannot_be_deleted_does_not_count_against_the_new_one(train, root, monkeypatch, capsys):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Session, "prune", refuse)
    assert train("train.steps=4", "train.keep_freq=4") == 0
    err = capsys.readouterr().err
    assert "an old checkpoint could not be deleted" in err
    assert "could not be written" not in err
    assert steps(root) == [2, 4]
