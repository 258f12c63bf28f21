"""Trainings with episodes held out, through the command, in this process, with a tiny network."""

from __future__ import annotations

import csv
import json
import shutil
import signal

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from vita_train import save_checkpoints, validation_callback
from vita_train.data import BatchDataset
from vita_train.training_state import read_training_state
from vita_train.validation import Validator
from vita_train.validation_errors import Validation

HOLD_OUT = ("val.episodes=[1]", "val.val_offline_freq=2", "val.num_viz_samples=0", "val.batch_size=5")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "flare_outputs" / "reach" / "vita" / "s"


@pytest.fixture
def scores(monkeypatch):
    """The score of each coming validation, in place of the measured one; the list may be replaced."""
    given: list[float] = []
    monkeypatch.setattr(Validation, "score", property(lambda _: given[0]))
    run = Validator.run

    def next_score(self, *args, **kwargs):
        if len(given) > 1:
            given.pop(0)
        return run(self, *args, **kwargs)

    monkeypatch.setattr(Validator, "run", next_score)

    def give(*values):
        given[:] = [float("nan"), *values]

    return give


def steps(root):
    return sorted(int(path.name.removeprefix("step_")) for path in (root / "checkpoints").glob("step_*"))


def folder(root, step, kind="checkpoints"):
    return root / kind / f"step_{step:010d}"


def best(root):
    return json.loads((root / "checkpoints" / "best.json").read_text())


def test_a_validation_leaves_what_the_design_promises_and_training_as_it_was(train, root, tmp_path, capsys):
    only_these = "task.dataset_episodes=[0,2]"
    assert train("train.steps=5", "train.log_freq=1", only_these, "val.episodes=[1]", "val.val_offline_freq=2") == 0
    err = capsys.readouterr().err
    assert "held out of training: episodes 1" in err
    assert "validation of step 4: executed part" in err
    assert sorted(path.name for path in (root / "val").iterdir()) == [folder(root, step).name for step in (2, 4, 5)]
    assert sorted(path.name for path in folder(root, 4, "val").iterdir()) == [
        "episode_1.png",
        "flow_1.png",
        "metrics.json",
    ]
    content = json.loads((folder(root, 4, "val") / "metrics.json").read_text())
    assert (content["step"], content["episodes"], content["windows"]) == (4, [1], 14)
    assert [joint["name"] for joint in content["joints"]] == ["a", "b", "c"]
    (file,) = (root / "logs" / "metrics").glob("*/metrics.csv")
    rows = [row for row in csv.DictReader(file.open()) if row["val/loss"]]
    assert [int(row["step"]) for row in rows] == [2, 4, 5]
    assert float(rows[1]["val/executed_mae/b"]) == pytest.approx(content["joints"][1]["policy_executed_mae"])
    assert float(rows[1]["val/flow_loss"]) == pytest.approx(content["losses"]["flow_loss"])
    found = {step: json.loads((folder(root, step, "val") / "metrics.json").read_text()) for step in (2, 4, 5)}
    score = {step: found[step]["mae_over_range"]["policy"]["executed"] for step in found}
    assert best(root)["step"] == min(score, key=score.get)
    assert best(root)["score"] == min(score.values())
    assert (root / "checkpoints" / best(root)["validation"]).is_file()

    # The same run without a look at it: the same weights, to the bit.
    assert train("train.steps=5", only_these, f"base_dir={tmp_path / 'blind'}") == 0
    blind = tmp_path / "blind" / root.relative_to(tmp_path)
    seen, unseen = read_training_state(folder(root, 5)), read_training_state(folder(blind, 5))
    for part in ("weights", "ema"):
        one, other = getattr(seen, part), getattr(unseen, part)
        assert all(torch.equal(value, other[name]) for name, value in one.items())
    served, other = (load_file(folder(where, 5) / "model.safetensors") for where in (root, blind))
    assert all(torch.equal(value, other[name]) for name, value in served.items())


def test_held_out_episodes_are_never_trained_on(train, root, monkeypatch):
    seen = []
    gather = BatchDataset.gather

    def note(self, windows):
        batch = gather(self, windows)
        # The fixture writes each step's number into its first pixel: episode 1 has the steps 9 to 22.
        seen.append(np.unique(batch["observation.images.image"][:, 0, 0, 0, 0].numpy()))
        return batch

    monkeypatch.setattr(BatchDataset, "gather", note)
    assert train("train.steps=12", "val.episodes=[1]", "val.val_offline_freq=0") == 0
    assert set(np.concatenate(seen)) == set(range(9)) | set(range(23, 34))
    assert not (root / "val").exists()
    seen.clear()
    assert train("train.steps=13", "resume=true", "val.num_episodes=1") == 2


def test_the_best_step_stays_although_others_are_pruned(train, root, scores, capsys):
    scores(0.5, 0.3, 0.4, 0.6)
    run = ("train.save_freq=2", "train.keep_freq=100", *HOLD_OUT)
    assert train("train.steps=8", *run) == 0
    assert steps(root) == [4, 8]
    assert (best(root)["step"], best(root)["score"], best(root)["episodes"]) == (4, 0.3, [1])

    # A resumed run knows it: nothing better comes, then something does.
    scores(0.35, 0.31)
    assert train("train.steps=12", "resume=true", *run) == 0
    assert steps(root) == [4, 12]
    assert best(root)["step"] == 4
    scores(0.2, 0.9)
    assert train("train.steps=16", "resume=true", *run) == 0
    assert steps(root) == [14, 16]
    assert best(root)["step"] == 14
    assert "changed setting: val" not in capsys.readouterr().err


def test_a_checkpoint_that_is_there_only_for_being_best_goes_with_it(train, root, scores):
    scores(0.5, 0.4, 0.3, 0.2, 0.9)
    run = ("train.save_freq=6", "train.keep_freq=0", *HOLD_OUT)
    assert train("train.steps=9", *run) == 0
    # 2 and 4 were the best in between, 6 was due, 8 is the best, 9 is the last.
    assert steps(root) == [6, 8, 9]
    assert (best(root)["step"], best(root)["extra"]) == (8, True)


def test_what_cannot_be_deleted_stays_and_the_run_goes_on(train, root, scores, monkeypatch, capsys):
    def refuse(self, step):
        raise PermissionError(1, "Operation not permitted")

    scores(0.5, 0.4)
    monkeypatch.setattr(save_checkpoints.Session, "delete", refuse)
    assert train("train.steps=4", "train.save_freq=3", *HOLD_OUT) == 0
    assert "an old checkpoint could not be deleted" in capsys.readouterr().err
    assert steps(root) == [2, 3, 4]


def test_going_back_before_the_best_step_finds_the_best_of_those_left(train, root, scores, capsys):
    scores(0.5, 0.4, 0.1)
    assert train("train.steps=6", *HOLD_OUT) == 0
    assert best(root)["step"] == 6
    for step, score in ((2, 0.2), (4, 0.4)):
        path = folder(root, step, "val") / "metrics.json"
        content = json.loads(path.read_text())
        content["mae_over_range"]["policy"]["executed"] = score
        path.write_text(json.dumps(content))
    scores(0.3)
    again = ("resume=true", f"checkpoint_path={folder(root, 4)}", "train.save_best=false")
    assert train("train.steps=6", *HOLD_OUT, *again) == 0
    assert best(root)["step"] == 2
    (aside,) = (root / "val").glob("superseded_*")
    assert [path.name for path in aside.iterdir()] == [folder(root, 6).name]
    assert folder(root, 6, "val").is_dir()


def test_without_save_best_nothing_is_called_best(train, root):
    assert train("train.steps=3", "train.save_freq=9", "train.save_best=false", *HOLD_OUT) == 0
    assert steps(root) == [3]
    assert not (root / "checkpoints" / "best.json").exists()


def test_what_was_trained_on_cannot_be_held_out_by_a_resume(train, root, capsys):
    assert train("train.steps=2", *HOLD_OUT) == 0
    assert train("train.steps=4", "resume=true", "val.episodes=[2]") == 2
    assert "the episodes [2] are held out now, but the run was trained on them" in capsys.readouterr().err
    assert train("train.steps=4", "resume=true") == 0
    assert "val.held_out was [1], now None" in capsys.readouterr().err
    # Seen once is seen for good, whatever a later part of the run leaves out.
    assert train("train.steps=6", "resume=true", "task.dataset_episodes=[0]") == 0
    capsys.readouterr()
    assert train("train.steps=8", "resume=true", *HOLD_OUT) == 2
    assert "the episodes [1] are held out now" in capsys.readouterr().err
    assert train("train.steps=8", "resume=true", *HOLD_OUT, "val.episodes=null") == 0


def test_a_full_disk_costs_a_validation_but_not_the_run(train, root, monkeypatch, capsys):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(save_checkpoints, "write_best", full)
    monkeypatch.setattr("vita_train.validation_folder.plot_examples", full)
    assert train("train.steps=2", *HOLD_OUT) == 0
    err = capsys.readouterr().err
    assert "error: the validation of step 2 could not be written" in err
    assert "which checkpoint is best could not be written" in err
    assert "No space left" in err
    assert steps(root) == [2]
    assert list((root / "val").iterdir()) == []


def test_a_full_disk_leaves_the_best_as_it_was(train, root, scores, monkeypatch):
    scores(0.5, 0.3)
    save = save_checkpoints.SaveCheckpoints._save

    def full_once(self, module):
        if module.step == 4:
            raise OSError(28, "No space left on device")
        save(self, module)

    monkeypatch.setattr(save_checkpoints.SaveCheckpoints, "_save", full_once)
    assert train("train.steps=5", *HOLD_OUT, "val.val_offline_freq=2", "train.save_freq=2") == 0
    assert steps(root) == [2, 5]
    assert best(root)["step"] == 5


def test_a_signal_leaves_the_validation_out(train, root, monkeypatch, capsys):
    write = validation_callback.Validate._validate

    def interrupt(self, trainer, module):
        signal.raise_signal(signal.SIGTERM)
        write(self, trainer, module)

    monkeypatch.setattr(validation_callback.Validate, "_validate", interrupt)
    assert train("train.steps=9", *HOLD_OUT) == 143
    assert "the validation of step 2 was left out" in capsys.readouterr().err
    assert steps(root) == [2]
    assert not (root / "val").exists()


def test_a_damaged_newest_checkpoint_does_not_cost_the_one_before_it(train, root):
    run = ("train.save_freq=2", "train.keep_freq=100")
    assert train("train.steps=4", "train.save_freq=2") == 0
    state = folder(root, 4) / "training_state.pt"
    state.write_bytes(state.read_bytes()[:-100])
    session = save_checkpoints.Session(root)
    callback = save_checkpoints.SaveCheckpoints(session, 2, 100, shutil.copytree, None)
    callback._prune()
    assert steps(root) == [2, 4]
    assert train("train.steps=6", *run, "resume=true", f"checkpoint_path={folder(root, 2)}") == 0
    assert steps(root) == [6]


def test_a_resumed_run_with_validations_equals_an_unbroken_one_bit_for_bit(train, root):
    run = ("train.save_freq=2", *HOLD_OUT)
    assert train("train.steps=4", *run) == 0
    whole = read_training_state(folder(root, 4))
    measured = (folder(root, 4, "val") / "metrics.json").read_bytes()
    assert train("train.steps=4", *run, "resume=true", f"checkpoint_path={folder(root, 2)}") == 0
    resumed = read_training_state(folder(root, 4))
    for part in ("weights", "ema"):
        one, other = getattr(whole, part), getattr(resumed, part)
        assert all(torch.equal(value, other[name]) for name, value in one.items())
    assert (folder(root, 4, "val") / "metrics.json").read_bytes() == measured
