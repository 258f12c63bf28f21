"""Whole trainings through the command, in this process, with a tiny network."""

from __future__ import annotations

import signal
from functools import partial

import pytest
import torch
import yaml
from lightning.pytorch import Trainer
from lightning.pytorch.plugins import MixedPrecision
from lightning.pytorch.utilities.exceptions import SIGTERMException
from safetensors.torch import load_file

from vita_dataset.upload import upload
from vita_dataset.zarr_store import open_dataset
from vita_train import checkpoint_writer, lightning_trainer
from vita_train.callbacks import true_exit_codes
from vita_train.data import BatchDataset
from vita_train.policy.inference import load_policy
from vita_train.policy.observation import Observation
from vita_train.save_checkpoints import SaveCheckpoints
from vita_train.schedule import lr_multiplier
from vita_train.training_state import read_training_state


@pytest.fixture
def root(tmp_path):
    return tmp_path / "flare_outputs" / "reach" / "vita" / "s"


def steps(root):
    return sorted(int(path.name.removeprefix("step_")) for path in (root / "checkpoints").glob("step_*"))


def folder(root, step):
    return root / "checkpoints" / f"step_{step:010d}"


def assert_same(one, other):
    """Tensors and plain values equal bit for bit, through nested mappings."""
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key, value in one.items():
            assert_same(value, other[key])
    else:
        assert one == other


def test_a_dataset_at_a_url_trains_alike(train, root, dataset, tmp_path, make_task):
    assert train("train.steps=2") == 0
    local = load_file(folder(root, 2) / "model.safetensors")
    upload(dataset, "memory://lab/reach")
    task = make_task(tmp_path / "remote.yaml", "memory://lab/reach")
    assert train("train.steps=2", f"base_dir={tmp_path / 'remote'}", "train.num_workers=0", task=task) == 0
    there = tmp_path / "remote" / root.relative_to(tmp_path)
    assert_same(load_file(folder(there, 2) / "model.safetensors"), local)


def test_a_run_leaves_what_the_design_promises(train, root, dataset, capsys):
    loader_and_groups = ("train.num_workers=1", "optimizer_lr_backbone=1e-5", "policy.observer=resnet18")
    assert train("train.steps=3", "train.log_freq=1", *loader_and_groups) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{folder(root, 3)}\n"
    assert "step 3 of 3  loss " in captured.err
    assert "data wait" in captured.err
    assert "GPU available" not in captured.err
    assert steps(root) == [2, 3]
    assert sorted(path.name for path in folder(root, 3).iterdir()) == [
        "config.json",
        "model.safetensors",
        "training_state.pt",
    ]
    assert (root / "eval").is_dir()
    assert "saved" in (root / "logs" / "train.log").read_text()
    (config,) = (root / "logs").glob("train_config_*.yaml")
    assert yaml.safe_load(config.read_text())["task"]["dataset_root"] == str(dataset)
    (metrics,) = (root / "logs" / "metrics").glob("*/metrics.csv")
    header, *rows = metrics.read_text().splitlines()
    assert {"loss", "flow_loss", "grad_norm", "lr", "steps_per_s", "data_wait_share", "step"} <= set(header.split(","))
    column = header.split(",").index("lr")
    assert [float(row.split(",")[column]) for row in rows] == [1e-4 * lr_multiplier(step, 1, 3) for step in range(3)]

    # Averaged weights are served, the others kept for going on.
    state = read_training_state(folder(root, 3))
    served = load_file(folder(root, 3) / "model.safetensors")
    assert state.step == 3
    assert all(torch.equal(served[name], value) for name, value in state.ema.items())
    assert any(not torch.equal(served[name], value) for name, value in state.weights.items())

    policy = load_policy(folder(root, 3))
    data = open_dataset(dataset)
    images = {camera.key: data.read_frames(camera.key, [0])[0] for camera in data.spec.cameras}
    assert policy.predict_chunk(Observation(1, images, data.state[0])).actions.shape == (8, 3)
    assert policy.start_pose is not None
    assert policy.start_pose.max[2] == data.state[data.episode_ends[-2], 2]


@pytest.mark.parametrize(("observer", "other"), [("small", "resnet18"), ("resnet18", "small")])
def test_a_resumed_run_equals_an_unbroken_one_bit_for_bit(train, root, capsys, observer, other):
    train = partial(train, f"policy.observer={observer}")
    assert train("train.steps=4") == 0
    whole, weights = read_training_state(folder(root, 4)), load_file(folder(root, 4) / "model.safetensors")
    assert train("train.steps=4") == 2
    assert "already has checkpoints up to step 4" in capsys.readouterr().err
    assert train("train.steps=4", "resume=true") == 2
    assert "already has 4 steps of train.steps=4" in capsys.readouterr().err
    assert train("train.steps=4", "resume=true", "policy.vita.latent_dim=8", f"checkpoint_path={folder(root, 2)}") == 2
    assert "latent_dim was 16, now 8" in capsys.readouterr().err
    changed = f"policy.observer={other}"
    assert train("train.steps=4", "resume=true", changed, f"checkpoint_path={folder(root, 2)}") == 2
    assert f"observer was {observer}, now {other}" in capsys.readouterr().err
    scaled = "task.override_stats={action: {mean: [5, 5, 5], std: [1, 1, 1]}}"
    assert train("train.steps=4", "resume=true", scaled, f"checkpoint_path={folder(root, 2)}") == 2
    assert "another mean or std of action; repeat task.override_stats" in capsys.readouterr().err

    assert train("train.steps=4", "resume=true", f"checkpoint_path={folder(root, 2)}") == 0
    err = capsys.readouterr().err
    assert "later checkpoints of this session were moved" in err
    assert "changed setting" not in err
    resumed = read_training_state(folder(root, 4))
    for part in ("step", "weights", "optimizer", "ema", "run"):
        assert_same(getattr(whole, part), getattr(resumed, part))
    assert_same(weights, load_file(folder(root, 4) / "model.safetensors"))

    assert train("train.steps=5", "train.batch_size=2", "resume=true") == 0
    err = capsys.readouterr().err
    assert "train.batch_size was 4, now 2" in err
    assert "train.steps was 4, now 5" in err
    assert steps(root) == [2, 4, 5]


def test_resume_without_checkpoints_or_with_another_dataset(train, root, tmp_path, make_dataset, make_task, capsys):
    assert train("train.steps=2", "resume=true") == 2
    assert "has no checkpoint" in capsys.readouterr().err
    assert train("train.steps=2", "resume=true", f"checkpoint_path={tmp_path}/nowhere") == 1
    assert "nowhere" in capsys.readouterr().err
    assert not root.exists()
    assert train("train.steps=1") == 0
    other = make_task(tmp_path / "other.yaml", make_dataset(tmp_path / "other", fingerprint="other"))
    assert train("train.steps=2", "resume=true", task=other) == 1
    assert "fingerprint tiny" in capsys.readouterr().err


def test_a_wrong_dataset_leaves_nothing_behind(train, root, tmp_path, make_task, capsys):
    missing = make_task(tmp_path / "missing.yaml", tmp_path / "missing")
    assert train(task=missing) == 1
    assert "missing" in capsys.readouterr().err
    assert train("task.state_dim=9", "task.fps=1") == 1
    err = capsys.readouterr().err
    assert "task.state_dim is 9" in err
    assert "task.fps is 1" in err
    assert train("task.dataset_episodes=[7]") == 2
    assert "[7]" in capsys.readouterr().err
    assert train("task.override_stats={action: {mean: [0], std: [1]}}") == 2
    assert "override_stats.action.mean" in capsys.readouterr().err
    assert train("base_dir=/proc/x", "train.steps=1") == 1
    assert capsys.readouterr().err.startswith("error: the session folder '/proc/x/flare_outputs/reach/vita/s' cannot")
    assert not root.exists()


def test_numbers_that_explode_end_the_run_and_spare_the_last_good_checkpoint(train, root, capsys):
    assert train("train.steps=9", "train.save_freq=1", "optimizer_lr=1e30") == 1
    err = capsys.readouterr().err
    assert "is not finite" in err
    last = steps(root)[-1]
    assert f"'{folder(root, last)}' is the last good checkpoint" in err
    assert all(value.isfinite().all() for value in load_file(folder(root, last) / "model.safetensors").values())
    assert "not finite" in (root / "logs" / "train.log").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_with_a_checkpoint(train, root, monkeypatch, capsys, number):
    gather = BatchDataset.__getitem__

    def gather_and_interrupt(self, index):
        if index == 1:
            signal.raise_signal(number)
        return gather(self, index)

    before = [signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)]
    monkeypatch.setattr(BatchDataset, "__getitem__", gather_and_interrupt)
    assert train("train.steps=50", "train.save_freq=40") == 128 + number
    assert steps(root) == [2]
    assert f"stopped by {number.name} after step 2" in capsys.readouterr().out
    assert [signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_second_signal_takes_its_default_action(train, root, monkeypatch, capsys):
    answers = []

    def interrupt_twice(self, index):
        signal.raise_signal(signal.SIGTERM)
        answers.extend(signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT))
        signal.raise_signal(signal.SIGINT)

    before = [signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)]
    monkeypatch.setattr(BatchDataset, "__getitem__", interrupt_twice)
    assert train("train.steps=50") == 130
    assert answers == [signal.SIG_DFL, signal.default_int_handler]
    assert steps(root) == []
    assert capsys.readouterr().err.endswith("interrupted\n")
    assert [signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_second_signal_while_saving_leaves_no_half_checkpoint(train, root, monkeypatch):
    def interrupt_twice(folder, state):
        (folder / "half").touch()
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(checkpoint_writer, "write_training_state", interrupt_twice)
    assert train("train.steps=2") == 130
    assert list((root / "checkpoints").iterdir()) == []


def test_a_signal_during_the_last_step_stops_nothing(train, root, monkeypatch, capsys):
    gather = BatchDataset.__getitem__

    def gather_and_interrupt(self, index):
        if index == 1:
            signal.raise_signal(signal.SIGTERM)
        return gather(self, index)

    monkeypatch.setattr(BatchDataset, "__getitem__", gather_and_interrupt)
    assert train("train.steps=2") == 0
    assert capsys.readouterr().out == f"{folder(root, 2)}\n"


def test_lightning_keeps_neither_signal_to_itself():
    for ended, code in ((SIGTERMException(), 143), (SystemExit(3), 3)):
        with pytest.raises(SystemExit) as caught, true_exit_codes():
            raise ended
        assert caught.value.code == code


def test_a_resumed_float16_run_has_the_same_loss_scale(train, root, monkeypatch):
    """On a CPU, where Lightning leaves float16 out unless it is given the parts."""

    def half_trainer(**settings):
        scaler = torch.amp.GradScaler("cpu", init_scale=8.0, growth_interval=1)
        half = MixedPrecision("16-mixed", "cpu", scaler)
        return Trainer(**{**settings, "precision": None, "plugins": [half]})

    monkeypatch.setattr(lightning_trainer, "Trainer", half_trainer)
    run = ("train.steps=2", "train.batch_size=2", "train.save_freq=1")
    assert train(*run) == 0
    whole = read_training_state(folder(root, 2))
    assert train(*run, "resume=true", f"checkpoint_path={folder(root, 1)}") == 0
    resumed = read_training_state(folder(root, 2))
    assert whole.precision["scale"] == 32.0
    for part in ("precision", "weights", "optimizer", "ema"):
        assert_same(getattr(whole, part), getattr(resumed, part))


def test_a_full_disk_is_said_aloud_and_only_the_last_save_is_fatal(train, root, monkeypatch, capsys):
    def full(self, module):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(SaveCheckpoints, "_save", full)
    assert train("train.steps=3") == 1
    err = capsys.readouterr().err
    assert "error: the checkpoint of step 2 could not be written ([Errno 28] No space left on device)" in err
    assert "the last checkpoint could not be written" in err
    assert steps(root) == []
