"""The command evaluate, where it lets a checkpoint act."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from vita_dataset.errors import run_cli
from vita_train.cli_evaluate import evaluate_command
from vita_train.online_evaluation import environment_of_run, with_changes
from vita_train.online_settings import EnvironmentSettings, environment_settings

KWARGS = "task.env_kwargs={length: 3}"


@pytest.fixture
def session(train, tmp_path):
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    named = ("task.env_package=toy_environment", "task.env_name=toy/Reach-v0", KWARGS)
    assert train("train.steps=2", "val.episodes=[1]", "val.val_offline_freq=0", *named) == 0
    yield tmp_path / "flare_outputs" / "reach" / "vita" / "s"
    torch.set_num_threads(before)


def evaluate(checkpoint, *arguments):
    return run_cli(evaluate_command, ["--checkpoint", str(checkpoint), "--device", "cpu", *arguments])


def test_it_does_both_and_finds_the_environment_of_the_training(session, dataset, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("FLARE_DATASETS_DIR", str(dataset.parents[1]))
    capsys.readouterr()
    assert evaluate(session, "--episodes-online", "3", "--videos", "1", "--seed", "7", "--plots", "0") == 0
    out, err = capsys.readouterr()
    *_, summary, failed, output = out.splitlines()
    assert summary.startswith("0 of 3 episodes of toy/Reach-v0 succeed = 0% (95% interval 0% to 56%)")
    assert summary.endswith("3 steps on average")
    assert failed == "failed from the seeds 7, 8, 9"
    assert "14/14 predictions" in err
    assert "3/3 episodes" in err
    assert Path(output).parent == session / "eval"
    names = sorted(path.name for path in Path(output).iterdir())
    assert names == ["metrics.json", "online.json", "online_episode_0.mp4"]
    content = json.loads((Path(output) / "online.json").read_text())
    assert (content["step"], content["episodes"], content["failed_seeds"]) == (2, 3, [7, 8, 9])

    # Without a look at the dataset, elsewhere, with another environment.
    monkeypatch.delenv("FLARE_DATASETS_DIR")
    few = ("--no-offline", "--episodes-online", "2", "--envs", "1", "--videos", "0")
    assert evaluate(session, *few, "--out", str(tmp_path / "a"), "--env-kwargs", "{length: 5}") == 0
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["online.json"]
    assert json.loads((tmp_path / "a" / "online.json").read_text())["mean_episode_steps"] == 5

    copy = shutil.copytree(session / "checkpoints" / "step_0000000002", tmp_path / "copy")
    assert evaluate(copy, *few, "--out", str(tmp_path / "b")) == 2
    assert "names no environment; name one with --env-name" in capsys.readouterr().err
    named = ("--env-name", "toy_environment:toy/Reach-v0")
    assert evaluate(copy, *few, "--out", str(tmp_path / "b"), *named) == 0
    assert (tmp_path / "b" / "online.json").is_file()

    # Refused before anything is computed.
    assert evaluate(session, "--out", str(tmp_path / "c"), "--env-kwargs", "{fps: 5}") == 1
    assert "5 steps per second (metadata render_fps), the dataset 10" in capsys.readouterr().err
    assert evaluate(session, "--out", str(tmp_path / "c"), "--env-name", "toy/Grasp-v0") == 2
    assert "or leave it out with --no-online" in capsys.readouterr().err
    assert evaluate(session, "--no-offline", "--no-online") == 2
    with pytest.raises(SystemExit):
        evaluate(session, "--env-kwargs", "5")
    assert "must be arguments by name such as '{fps: 10}', but is '5'" in capsys.readouterr().err
    assert not (tmp_path / "c").exists()


TASK = "task: {env_package: gym_pusht, env_name: PushT-v0, env_kwargs: {fps: 10}}"


@pytest.mark.parametrize(
    ("text", "known"),
    [
        (TASK, EnvironmentSettings("gym_pusht", "PushT-v0", {"fps": 10})),
        ("task: {env_package: null, env_name: null, env_kwargs: null}", None),
        ("task: {env_name: 3}", None),
        ("task: [1]", None),
        ("{", None),
        ("[]", None),
        (None, None),
    ],
)
def test_what_the_training_wrote_down(tmp_path, text, known):
    step = tmp_path / "checkpoints" / "step_0000000002"
    step.mkdir(parents=True)
    if text is not None:
        (tmp_path / "logs").mkdir()
        (tmp_path / "logs" / "train_config_20000101_000000.yaml").write_text("task: {env_name: old}")
        (tmp_path / "logs" / "train_config_20000101_000001.yaml").write_text(text)
    assert environment_of_run(step) == known


def test_options_change_what_is_known():
    known = environment_settings("p", "n", {"a": 1})
    assert with_changes(known, None, None, None) == known
    assert with_changes(known, "q", None, {"b": 2}) == EnvironmentSettings("q", "n", {"b": 2})
    assert with_changes(known, None, "m", None) == EnvironmentSettings(None, "m", {})
    assert with_changes(None, "q", None, None) is None
