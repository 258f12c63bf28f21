"""Trainings that try the policy out in an environment, through the command, in this process, with a tiny network."""

from __future__ import annotations

import csv
import json
import signal

import pytest
import torch
import toy_environment

from vita_dataset.video import decode_video
from vita_train.online_callback import ValidateOnline
from vita_train.online_result import OnlineResult
from vita_train.online_validation import OnlineValidator
from vita_train.running_episode import Outcome
from vita_train.training_state import read_training_state

TOY = ("task.env_package=toy_environment", "task.env_name=toy/Reach-v0", "val.val_online_freq=2", "val.eval_seed=5")
FEW = ("val.eval_n_episodes=3", "val.eval_n_envs=2", "val.num_viz_videos=1")


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
def successes(monkeypatch):
    """The number of successes of 4 in each coming validation, and its mean reward, in place of the measured ones."""
    given = []

    def run(self, policy, films, weights=None, interrupted=None, on_progress=None):
        count, reward = given.pop(0)
        return OnlineResult(self.environment, tuple(Outcome(i, i < count, reward, 4, None) for i in range(4)))

    monkeypatch.setattr(OnlineValidator, "run", run)
    return lambda *values: given.extend(values)


def steps(root):
    return sorted(int(path.name.removeprefix("step_")) for path in (root / "checkpoints").glob("step_*"))


def folder(root, step, kind="checkpoints"):
    return root / kind / f"step_{step:010d}"


def best(root):
    return json.loads((root / "checkpoints" / "best.json").read_text())


def equal(one, other):
    return all(torch.equal(value, other[name]) for name, value in one.items())


def test_it_leaves_figures_and_films_and_training_as_it_was(train, root, tmp_path, capsys):
    settings = ("train.steps=5", "val.episodes=[1]", "val.val_offline_freq=4", "val.num_viz_samples=0")
    assert train(*settings, *TOY, *FEW) == 0
    err = capsys.readouterr().err
    assert "online validation of step 2: 3 episodes of toy/Reach-v0" in err
    assert "0 of 3 episodes of toy/Reach-v0 succeed = 0% (95% interval 0% to 56%)" in err
    assert sorted(path.name for path in (root / "val").iterdir()) == [folder(root, step).name for step in (2, 4, 5)]
    names = sorted(path.name for path in folder(root, 4, "val").iterdir())
    assert names == ["metrics.json", "online.json", "online_episode_0.mp4"]
    assert len(list(decode_video(folder(root, 4, "val") / names[-1]))) == 4 + 5
    content = json.loads((folder(root, 4, "val") / "online.json").read_text())
    assert (content["step"], content["episodes"], content["failed_seeds"]) == (4, 3, [5, 6, 7])
    (file,) = (root / "logs" / "metrics").glob("*/metrics.csv")
    rows = [row for row in csv.DictReader(file.open()) if row["online/success_rate"]]
    assert [int(row["step"]) for row in rows] == [2, 4, 5]
    assert float(rows[1]["online/mean_max_reward"]) == pytest.approx(content["mean_max_reward"])
    assert best(root)["criterion"] == "success_rate"

    # The same run without a look at it: the same weights, to the bit.
    assert train("train.steps=5", *settings[1:], f"base_dir={tmp_path / 'blind'}") == 0
    blind = tmp_path / "blind" / root.relative_to(tmp_path)
    seen, unseen = read_training_state(folder(root, 5)), read_training_state(folder(blind, 5))
    assert equal(seen.weights, unseen.weights)
    assert equal(seen.ema, unseen.ema)


def test_the_most_successful_step_is_the_best_and_a_resume_knows_it(train, root, successes):
    run = ("train.keep_freq=100", *TOY)
    successes((1, 0.0), (3, 0.2), (3, 0.1), (2, 9.0))
    assert train("train.steps=8", *run) == 0
    assert (best(root)["step"], best(root)["score"], best(root)["mean_max_reward"]) == (4, 0.75, 0.2)
    assert steps(root) == [4, 8]
    successes((3, 0.2), (3, 0.3))
    assert train("train.steps=12", "resume=true", *run) == 0
    assert best(root)["step"] == 12
    assert steps(root) == [12]


def test_held_out_episodes_decide_only_between_equals(train, root, successes):
    successes((2, 0.0), (2, 0.0), (1, 0.0))
    run = ("val.episodes=[1]", "val.val_offline_freq=2", "val.num_viz_samples=0", *TOY)
    assert train("train.steps=6", *run) == 0
    errors = {
        step: json.loads((folder(root, step, "val") / "metrics.json").read_text())["mae_over_range"]["policy"]
        for step in (2, 4, 6)
    }
    better = min((2, 4), key=lambda step: errors[step]["executed"])
    assert (best(root)["step"], best(root)["held_out_error"]) == (better, errors[better]["executed"])


def test_an_environment_that_fails_costs_its_validation_only(train, root, capsys):
    assert train("train.steps=3", *TOY, *FEW, "task.env_kwargs.trouble='step 6'") == 0
    err = capsys.readouterr().err
    assert err.count("training goes on") == 2
    assert "the online validation of step 2 failed (the environment 'toy/Reach-v0' failed in step 1" in err
    assert steps(root) == [2, 3]
    assert not (root / "val").exists()


def test_a_full_disk_costs_the_files_only(train, root, monkeypatch, capsys):
    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vita_train.online_folder.shutil.copyfile", full)
    assert train("train.steps=2", *TOY, *FEW, "policy.obs_horizon=2") == 0
    assert "the online validation of step 2 could not be written" in capsys.readouterr().err
    assert best(root)["step"] == 2


def test_a_signal_ends_the_episodes(train, root, monkeypatch, capsys):
    acted = []

    def step(self, action):
        if self.seed:  # 0 is that of the check before the training
            acted.append(action)
            signal.raise_signal(signal.SIGTERM)
        return real_step(self, action)

    real_step = toy_environment.Reach.step
    monkeypatch.setattr(toy_environment.Reach, "step", step)
    settings = ("val.eval_n_envs=1", "task.env_kwargs.length=50")
    assert train("train.steps=9", *TOY, *FEW, *settings) == 143
    assert len(acted) == 1
    assert "training was asked to end" in capsys.readouterr().err
    assert steps(root) == [2]
    assert not (root / "val").exists()


def test_what_does_not_fit_is_refused_before_anything_is_written(train, root, capsys):
    assert train("train.steps=2", "val.val_online_freq=2") == 2
    assert "val.val_online_freq=2 needs an environment" in capsys.readouterr().err
    assert train("train.steps=2", *TOY, "task.env_package=no_such_package") == 2
    assert "'no_such_package' cannot be imported" in capsys.readouterr().err
    assert train("train.steps=2", *TOY, "task.env_kwargs={fps: 30, state_dim: 4}") == 1
    err = capsys.readouterr().err
    assert "30 steps per second (metadata render_fps), the dataset 10" in err
    assert "has the shape [4]" in err
    assert not root.exists()


def test_nobody_pays_for_what_is_not_asked_for(train, monkeypatch):
    monkeypatch.setattr(ValidateOnline, "__init__", None)
    monkeypatch.setitem(__import__("sys").modules, "gymnasium", None)
    assert train("train.steps=1", "task.env_name=toy/Reach-v0", "task.env_package=no_such_package") == 0
