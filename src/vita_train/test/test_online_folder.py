"""What came of episodes: figures, and the files beside an offline validation."""

from __future__ import annotations

import json

import pytest

from vita_dataset.errors import DataError
from vita_train.online_folder import film_name, write_online
from vita_train.online_result import OnlineResult
from vita_train.online_settings import environment_settings
from vita_train.running_episode import Outcome
from vita_train.validation_folder import read_success

WHERE = environment_settings("toy_environment", "toy/Reach-v0", {"size": (2, 3), "b": 1})


def make(*successes, films=0):
    outcomes = tuple(
        Outcome(100 + number, success, float(number), 10, film_name(number) if number < films else None)
        for number, success in enumerate(successes)
    )
    return OnlineResult(WHERE, outcomes)


def test_the_figures_follow_from_the_episodes():
    result = make(True, False, True, True)
    metrics = result.metrics()
    assert metrics["online/success_rate"] == 0.75
    assert metrics["online/success_low"] == pytest.approx(0.3006, abs=1e-4)
    assert metrics["online/success_high"] == pytest.approx(0.9544, abs=1e-4)
    assert (metrics["online/mean_max_reward"], metrics["online/mean_episode_steps"]) == (1.5, 10.0)
    content = json.loads(json.dumps(result.to_dict()))
    assert (content["episodes"], content["successes"], content["failed_seeds"]) == (4, 3, [101])
    assert content["environment"] == {
        "package": "toy_environment",
        "name": "toy/Reach-v0",
        "kwargs": {"size": [2, 3], "b": 1},
    }
    assert "3 of 4 episodes of toy/Reach-v0 succeed = 75% (95% interval 30% to 95%)" in result.summary()
    assert make(True).measured_on != make(True, True).measured_on


def test_it_lies_beside_an_offline_validation_and_replaces_an_earlier_one(tmp_path):
    films, folder = tmp_path / "films", tmp_path / "val" / "step"
    films.mkdir()
    for number in range(2):
        (films / film_name(number)).write_text(f"film {number}")
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text("{}")
    (folder / "episode_0.png").touch()
    paths = write_online(folder, make(True, False, films=2), films, {"step": 7})
    assert paths == [folder / film_name(0), folder / film_name(1)]
    assert [path.read_text() for path in paths] == ["film 0", "film 1"]
    assert json.loads((folder / "online.json").read_text())["step"] == 7
    assert read_success(folder) == (0.5, 0.5, make(True, False).measured_on)
    write_online(folder, make(True, films=1), films, {})
    assert sorted(path.name for path in folder.iterdir()) == [
        "episode_0.png",
        "metrics.json",
        "online.json",
        film_name(0),
    ]


def test_nothing_else_is_replaced_and_a_missing_film_leaves_nothing(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    with pytest.raises(DataError, match="something else"):
        write_online(tmp_path / "mine", make(True), tmp_path, {})
    with pytest.raises(DataError, match="cannot be written"):
        write_online(tmp_path / "val", make(True, films=1), tmp_path, {})
    assert not (tmp_path / "val").exists()
    assert read_success(tmp_path / "val") is None


def test_of_many_failures_some_are_named():
    assert make(True).failures == ""
    assert make(False, True, False).failures == "failed from the seeds 100, 102"
    assert make(*[False] * 23).failures.endswith(", 118, 119 and 3 more")
