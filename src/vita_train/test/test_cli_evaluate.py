"""The command evaluate on a checkpoint of a tiny training."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from vita_dataset.errors import DataError, run_cli
from vita_dataset.zarr_store import open_dataset
from vita_train.cli_evaluate import evaluate_command
from vita_train.evaluation import refuse_misfit
from vita_train.policy.checkpoint import load_checkpoint


@pytest.fixture
def session(train, tmp_path):
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    assert train("train.steps=2", "val.episodes=[1]", "val.num_viz_samples=0") == 0
    yield tmp_path / "flare_outputs" / "reach" / "vita" / "s"
    torch.set_num_threads(before)


@pytest.fixture
def evaluate(session, dataset, monkeypatch):
    monkeypatch.setenv("FLARE_DATASETS_DIR", str(dataset.parents[1]))

    def run(*arguments, checkpoint=session):
        return run_cli(evaluate_command, ["--checkpoint", str(checkpoint), "--device", "cpu", *arguments])

    return run


def test_it_finds_dataset_episodes_and_place_and_agrees_with_the_validation(evaluate, session, capsys):
    capsys.readouterr()
    assert evaluate() == 0
    *table, output = capsys.readouterr().out.splitlines()
    assert table[0].split() == ["joint", "executed", "chunk", "hold"]
    assert [line.split()[0] for line in table[1:4]] == ["a", "b", "c"]
    assert table[-1].startswith("over each joint's recorded range: executed ")
    assert Path(output).parent == session / "eval"
    names = sorted(path.name for path in Path(output).iterdir())
    assert names == ["episode_1.png", "flow_1.png", "metrics.json"]
    content = json.loads((Path(output) / "metrics.json").read_text())
    assert (content["episodes"], content["step"], content["trained_on"]) == ([1], 2, [])
    during = json.loads((session / "val" / "step_0000000002" / "metrics.json").read_text())
    for one, other in zip(content["joints"], during["joints"], strict=True):
        assert {key: pytest.approx(value) for key, value in one.items()} == other


def test_episodes_that_were_trained_on_are_told(evaluate, tmp_path, caplog):
    assert evaluate("--episodes", "0:2", "--out", str(tmp_path / "out"), "--plots", "0") == 0
    assert "trained on the episodes [0]" in caplog.text
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["trained_on"] == [0]


def test_a_copied_checkpoint_needs_to_be_told_more(evaluate, session, tmp_path, capsys):
    copy = shutil.copytree(session / "checkpoints" / "step_0000000002", tmp_path / "copy")
    (copy / "training_state.pt").unlink()
    assert evaluate(checkpoint=copy) == 2
    assert "does not lie in a session; say with --out" in capsys.readouterr().err
    out = tmp_path / "out"
    assert evaluate("--out", str(out), checkpoint=copy) == 2
    assert "does not say which episodes" in capsys.readouterr().err
    assert not out.exists()
    assert evaluate("--out", str(out), "--episodes", ":", checkpoint=copy) == 0
    content = json.loads((out / "metrics.json").read_text())
    assert (content["episodes"], content["trained_on"]) == ([0, 1, 2], None)
    assert evaluate("--out", str(out), "--episodes", "1", checkpoint=copy) == 2
    assert "exists; choose another --out" in capsys.readouterr().err


def test_a_checkpoint_that_does_not_know_its_dataset_calls_none_new(evaluate, session, tmp_path, capsys):
    copy = shutil.copytree(session / "checkpoints" / "step_0000000002", tmp_path / "copy")
    (copy / "training_state.pt").unlink()
    config = json.loads((copy / "config.json").read_text())
    config["dataset"]["source"]["fingerprint"] = "unknown"
    (copy / "config.json").write_text(json.dumps(config))
    out = tmp_path / "out"
    assert evaluate("--out", str(out), checkpoint=copy) == 2
    assert "does not say which episodes" in capsys.readouterr().err
    assert evaluate("--out", str(out), "--episodes", "0", "--plots", "0", checkpoint=copy) == 0
    assert json.loads((out / "metrics.json").read_text())["trained_on"] is None


def test_another_recording_is_new_as_a_whole(evaluate, make_dataset, tmp_path):
    other = make_dataset(tmp_path / "other", fingerprint="other")
    assert evaluate("--dataset", str(other), "--out", str(tmp_path / "out"), "--batch-size", "5") == 0
    content = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert (content["episodes"], content["trained_on"], content["windows"]) == ([0, 1, 2], [], 34)


def test_wrong_arguments(evaluate, monkeypatch, tmp_path, capsys):
    assert evaluate("--episodes", "9") == 2
    assert "9" in capsys.readouterr().err
    assert evaluate("--device", "cuda:99") == 2
    assert evaluate(checkpoint=tmp_path / "nowhere") == 1
    assert evaluate("--dataset", str(tmp_path / "nothing")) == 1
    with pytest.raises(SystemExit):
        evaluate("--batch-size", "0")
    assert "must be a whole number from 1 up, but is '0'" in capsys.readouterr().err
    monkeypatch.delenv("FLARE_DATASETS_DIR")
    assert evaluate() == 2
    assert "'tiny/reach' is looked up in FLARE_DATASETS_DIR" in capsys.readouterr().err


def test_every_misfit_is_listed(session, dataset):
    checkpoint, data = load_checkpoint(session), open_dataset(dataset)
    refuse_misfit(checkpoint, data)
    front, wrist = data.spec.cameras
    data.spec = replace(
        data.spec,
        cameras=(replace(front, height=64), replace(wrist, key="wrist")),
        state=replace(data.spec.state, names=("c", "b", "a")),
        action=replace(data.spec.action, key="command"),
        fps=30.0,
    )
    with pytest.raises(DataError) as caught:
        refuse_misfit(checkpoint, data)
    for part in (
        f"camera '{front.key}' has 64x40 pixels, not 32x40",
        f"lacks camera '{wrist.key}', its cameras are {front.key}, wrist",
        "its state names c, b, a, not a, b, c",
        "its action is 'command' with 3 elements, not 'action' with 3",
        "30 steps per second, not 10",
    ):
        assert part in str(caught.value)
