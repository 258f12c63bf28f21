"""Settings and datasets that make no sense: one sentence, the right exit code, and nothing written."""

from __future__ import annotations

import json
from datetime import datetime
from functools import reduce

import pytest
import torch

from vita_dataset.errors import UsageError
from vita_train.cli_config import compose_config, resolve
from vita_train.settings import parse_settings

NOW = datetime(2026, 1, 2)
NAN, INF = float("nan"), float("inf")


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A function that gives fresh plain values of every key."""
    task = tmp_path_factory.mktemp("task") / "task.yaml"
    task.write_text(
        "# @package _global_\ntask: {name: reach, dataset_root: data, image_keys: [a], action_dim: 3, state_dim: 3}\n"
    )
    text = json.dumps(resolve(compose_config([f"task={task}"])))
    return lambda: json.loads(text)


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("optimizer_lr", [0, -1e-4, NAN, INF, "fast", True, None]),
        ("optimizer_lr_backbone", [-1, NAN, "x"]),
        ("optimizer_betas", [[0.9], [0.9, 1.0], [-0.1, 0.9], [0.9, NAN], 0.9, None]),
        ("optimizer_eps", [0, -1e-8, NAN]),
        ("optimizer_weight_decay", [-1e-6, INF, None]),
        ("scheduler_warmup_steps", [-1, 0.5]),
        ("train.steps", [0, -5, 1.5, "many", None]),
        ("train.batch_size", [0, -1, 2.0]),
        ("train.num_workers", [-1, 1.5]),
        ("train.prefetch_factor", [0]),
        ("train.precision", ["fp32", 16, None]),
        ("train.grad_clip_norm", [0, -1, NAN]),
        ("train.log_freq", [0, -1]),
        ("train.save_freq", [0, -1]),
        ("train.keep_freq", [-1]),
        ("val.val_offline_freq", [-1, 0.5]),
        ("val.num_episodes", [-1, 0.2]),
        ("val.batch_size", [0]),
        ("val.num_viz_samples", [-1]),
        ("seed", [-1, "x"]),
        ("crop_shape", [[224], [0, 5], [5.0, 5], 224, None]),
        ("resize_shape", [[-1, 5], "240x320"]),
        ("policy.drop_n_last_frames", [-1]),
        ("task.state_dim", [0, 7.5]),
        ("task.fps", [-30, NAN]),
        ("use_ema", [1, "yes", None]),
        ("task.image_keys", [[], "front", [1]]),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_name(plain, key, values):
    *groups, name = key.split(".")
    for value in values:
        settings = plain()
        reduce(dict.__getitem__, groups, settings)[name] = value
        with pytest.raises(UsageError) as caught:
            parse_settings(settings, NOW)
        assert str(caught.value).startswith(f"the configuration needs mending: {key} ")
        assert repr(value) in str(caught.value)
        assert ";" not in str(caught.value)


@pytest.fixture
def refused(train, tmp_path, capsys):
    """Run the command, expect an exit code and one sentence, and nothing in the output folder; gives the sentence."""

    def run(code, *settings, **more):
        assert train(*settings, **more) == code
        captured = capsys.readouterr()
        assert captured.out == ""
        (sentence,) = captured.err.splitlines()
        assert sentence.startswith("error: ")
        assert not (tmp_path / "flare_outputs").exists()
        return sentence

    return run


@pytest.mark.parametrize(
    ("code", "settings", "parts"),
    [
        (2, ["crop_shape=[33,36]"], ["crop_shape [33, 36]", "resize_shape [32, 40]", "make the crop smaller"]),
        (2, ["policy.pred_horizon=10"], ["pred_horizon 10", "4", "action_ae.num_layers"]),
        (2, ["policy.action_horizon=9"], ["action_horizon is 9", "pred_horizon 8"]),
        (2, ["policy.flow_matcher.name=conditionel"], ["conditionel", "conditional"]),
        (2, ["policy.vita.latent_dim=0"], ["latent_dim must be above 0"]),
        (1, ["task.image_keys=[belly]"], ["belly", "observation.images.image"]),
        (1, ["task.state_dim=4"], ["state_dim is 4", "3 elements"]),
        (2, ["val.num_episodes=3"], ["val.num_episodes=3 of 3 episodes leaves none to train on"]),
        (2, ["val.episodes=[0,1,2]"], ["leaves none to train on"]),
        (2, ["task.dataset_episodes=[0,0]"], ["names an episode twice"]),
        (2, ["policy.drop_n_last_frames=14"], ["no training window is left"]),
        (2, ["train.precision=16-mixed"], ["16-mixed needs a GPU"]),
        (2, ["device=cuda:7"], ["cuda:7"]),
        (2, ["train.stepz=3"], ["train.stepz", "train.steps"]),
        (2, ["optimizer_lr=nan"], ["optimizer_lr must be a number above 0, but is nan"]),
    ],
)
def test_what_does_not_fit_together_is_refused_before_anything_is_written(refused, code, settings, parts):
    sentence = refused(code, *settings)
    for part in parts:
        assert part in sentence


@pytest.mark.parametrize("key", ["observation.images.image", "observation.state", "action"])
def test_a_dataset_without_the_statistics_of_a_key_is_refused(refused, tmp_path, make_dataset, make_task, key):
    data = make_dataset(tmp_path / "data")
    config = json.loads((data / "config.json").read_text())
    del config["stats"][key]
    (data / "config.json").write_text(json.dumps(config))
    assert f"'{key}' has none; convert the dataset again" in refused(1, task=make_task(tmp_path / "task.yaml", data))


def test_what_is_only_strange_trains_and_is_said_once(train, tmp_path, make_dataset, make_task, capsys):
    data = make_dataset(tmp_path / "data")
    config = json.loads((data / "config.json").read_text())
    config["stats"]["action"]["std"][1] = config["stats"]["observation.state"]["std"][2] = 0.0
    (data / "config.json").write_text(json.dumps(config))
    task = make_task(tmp_path / "task.yaml", data)
    held_out = ("val.episodes=[0]", "val.val_offline_freq=0")
    strange = ("train.batch_size=40", "scheduler_warmup_steps=2", "optimizer_lr=1")
    assert train("train.steps=2", *held_out, *strange, task=task) == 0
    err = capsys.readouterr().err
    for part in (
        "warning: observation.state never moves in c",
        "warning: action never moves in b",
        "warning: a step learns from 40 samples, more than the 25 windows",
        "warning: held-out episode 0 lies outside what training sees in c,",
        "warning: scheduler_warmup_steps=2 is not below train.steps=2",
        "warning: a learning rate of 1 ",
    ):
        assert err.count(part) == 1
    assert torch.isfinite(torch.tensor(float(err.partition("loss ")[2].split()[0])))
