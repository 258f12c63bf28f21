from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from policy_node_fakes import KEYS, oracle, settings, spec, write_bag

from vita_dataset.errors import DataError, run_cli
from vita_dataset.robot import parse_robot
from vita_policy_node import cli, replay_run
from vita_policy_node.contract import check_contract
from vita_policy_node.replay_folder import BagResult, find_bags, summary_page


@pytest.fixture(scope="module")
def bag(tmp_path_factory) -> Path:
    return write_bag(tmp_path_factory.mktemp("bag") / "episode", 20)


@pytest.fixture
def opened(monkeypatch) -> list[object]:
    """The policies that were loaded: each knows the recording, and no network is behind it."""
    found: list[object] = []

    def open_checkpoint(parameters: dict[str, object]) -> object:
        found.append(parameters["checkpoint"])
        config = SimpleNamespace(action_horizon=8, obs_horizon=1)
        policy = SimpleNamespace(config=config, predict_chunk=oracle, checkpoint=parameters["checkpoint"], step=10)
        layout = check_contract(parse_robot(parameters), spec(), KEYS, settings())
        return SimpleNamespace(policy=policy, layout=layout, settings=settings())

    monkeypatch.setattr(replay_run, "open_checkpoint", open_checkpoint)
    monkeypatch.setattr(replay_run, "plot_replay", lambda *_: b"a picture")
    return found


@pytest.fixture
def replay(opened, tmp_path):
    """Runs the command; the reports go to ``out``."""

    def run(bag: Path, *more: str, out: str = "out") -> int:
        return run_cli(cli.replay, ["--bag", str(bag), "--checkpoint", "best", "--out", str(tmp_path / out), *more])

    return run


def thresholds(folder: Path, text: str) -> tuple[str, str]:
    path = folder / "thresholds.yaml"
    path.write_text(text)
    return "--thresholds", str(path)


def test_a_report_says_how_it_stands_to_its_thresholds(bag, replay, tmp_path, capsys):
    assert replay(bag, *thresholds(tmp_path, "max_held_share: 0.5\njoints: {shoulder: {max_mae: 0.0}}")) == 1
    said = capsys.readouterr()
    assert "pass: max_held_share: is 0, must be at most 0.5" in said.out
    assert "FAIL: joints.shoulder.max_mae: is 0." in said.out
    assert "joints.shoulder.max_mae: is 0." in said.err
    document = json.loads((tmp_path / "out" / "report.json").read_text())
    assert document["passed"] is False
    assert [judged["passed"] for judged in document["thresholds"]] == [True, False]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "FAILED: 1 of 2 thresholds" in page
    assert replay(bag) == 0
    assert json.loads((tmp_path / "out" / "report.json").read_text())["passed"] is None


def test_unknown_thresholds_end_before_a_policy_is_loaded(bag, replay, opened, tmp_path, capsys):
    assert replay(bag, *thresholds(tmp_path, "max_hold_share: 0.5")) == 2
    assert not opened
    assert "did you mean 'max_held_share'" in capsys.readouterr().err


def test_a_folder_of_bags_gets_a_report_each_and_a_summary(bag, replay, opened, tmp_path, capsys):
    folder = tmp_path / "bags"
    shutil.copytree(bag, folder / "day 1" / "a&b")
    shutil.copytree(bag, folder / "c")
    for out in ("out", "again"):
        assert replay(folder, out=out) == 0
    assert len(opened) == 2  # once for each run, whatever the number of bags
    out = tmp_path / "out"
    summary = json.loads((out / "summary.json").read_text())
    assert [(one["bag"], one["state"]) for one in summary["bags"]] == [("c", "reported"), ("day 1/a&b", "reported")]
    assert summary["bags"][0]["figures"] == json.loads((out / "c" / "report.json").read_text())["figures"]
    for name in ("summary.json", "summary.html"):
        assert (out / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    assert (out / "day 1" / "a&b" / "report.html").is_file()
    page = (out / "summary.html").read_text()
    assert 'href="day%201/a%26b/report.html">day 1/a&amp;b<' in page
    assert "reported: c" in capsys.readouterr().out


def test_one_bag_that_is_damaged_or_fails_keeps_no_other_from_its_report(bag, replay, tmp_path, capsys):
    folder = tmp_path / "bags"
    for name in ("bad", "good"):
        shutil.copytree(bag, folder / name)
    (folder / "bad" / "metadata.yaml").write_text("nothing")
    assert replay(folder, *thresholds(tmp_path, "max_held_share: 1")) == 1
    said = capsys.readouterr()
    assert "1 of 2 bags" in said.err
    assert "'bad' (" in said.err
    assert "passed: good" in said.out
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert [one["state"] for one in summary["bags"]] == ["error", "passed"]
    assert (summary["error"], summary["passed"], summary["failed"]) == (1, 1, 0)
    assert "<a href" in (tmp_path / "out" / "summary.html").read_text()


def test_a_folder_without_bags_and_commands_for_several_are_refused(replay, bag, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert replay(tmp_path / "empty") == 1
    assert "with some below it" in capsys.readouterr().err
    assert replay(bag.parent, "--commands", str(bag)) == 2
    assert "replay them singly" in capsys.readouterr().err
    assert find_bags(bag.parent) == [bag]


def test_the_summary_shows_texts_as_texts():
    page = summary_page(Path("<x>"), [BagResult("<b>", None, str(DataError("no <topic>")))])
    assert "&lt;x&gt;" in page
    assert "<b>:" not in page
    assert "no &lt;topic&gt;" in page
