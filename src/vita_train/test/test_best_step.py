from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vita_train.best_step import Best, Score, read_best, write_best
from vita_train.session import Session


@pytest.fixture
def session(tmp_path):
    session = Session(tmp_path)
    for step in (2, 4, 6):
        session.checkpoint(step).mkdir(parents=True)
    return session


def validated(session, step, score, episodes=(1,)):
    session.validation(step).mkdir(parents=True)
    content = {"episodes": list(episodes), "mae_over_range": {"policy": {"executed": score}}}
    (session.validation(step) / "metrics.json").write_text(json.dumps(content))


def test_what_is_written_is_read(session):
    assert read_best(session) is None
    best = Best(4, Score.of_error(0.25, (1, 7)), extra=True)
    write_best(session, best)
    assert read_best(session) == best
    content = json.loads((session.checkpoints / "best.json").read_text())
    assert content["checkpoint"] == "step_0000000004"
    assert content["validation"] == "../val/step_0000000004/metrics.json"
    assert (content["criterion"], content["score"], content["episodes"]) == ("held_out_error", 0.25, [1, 7])
    assert "smallest" in content["why"]
    write_best(session, None)
    assert read_best(session) is None
    write_best(session, None)


@pytest.mark.parametrize("damage", [None, "{", '{"step": 4}', "[]", '{"step": 8, "score": 0.1, "episodes": [1]}'])
def test_where_the_file_says_nothing_of_use_the_validations_decide(session, damage):
    if damage is not None:
        (session.checkpoints / "best.json").write_text(damage)
    for step, score in ((2, 0.3), (4, 0.2), (6, None), (8, 0.1)):
        validated(session, step, score)
    assert read_best(session) == Best(4, Score.of_error(0.2, (1,)))


def test_scores_of_other_episodes_do_not_compare(session):
    for step, score, episodes in ((2, 0.1, (5,)), (4, 0.3, (1,)), (6, 0.4, (1,))):
        validated(session, step, score, episodes)
    assert read_best(session) == Best(4, Score.of_error(0.3, (1,)))
    best = Best(4, Score.of_error(0.3, (1,)))
    assert best.beaten_by(Score.of_error(0.29, (1,)))
    assert not best.beaten_by(Score.of_error(0.3, (1,)))
    assert best.beaten_by(Score.of_error(0.9, (1, 2)))


def test_files_of_before_there_was_a_choice_are_read(session):
    old = {"step": 4, "score": 0.2, "episodes": [1], "extra": False, "why": "smallest", "checkpoint": "step_0000000004"}
    (session.checkpoints / "best.json").write_text(json.dumps(old))
    assert read_best(session) == Best(4, Score.of_error(0.2, (1,)))


def tried(session, step, success, reward=0.0, measured_on="toy"):
    session.validation(step).mkdir(parents=True, exist_ok=True)
    content = {"success_rate": success, "mean_max_reward": reward, "measured_on": measured_on}
    (session.validation(step) / "online.json").write_text(json.dumps(content))


@pytest.mark.parametrize("error", [None, 0.3])
def test_a_success_rate_is_written_and_read(session, error):
    best = Best(6, Score(0.75, -0.5, error, ("toy",)))
    write_best(session, best)
    assert read_best(session) == best
    content = json.loads((session.checkpoints / "best.json").read_text())
    assert (content["criterion"], content["score"]) == ("success_rate", 0.75)
    assert content["validation"] == "../val/step_0000000006/online.json"


def test_of_steps_that_succeed_equally_often_reward_and_then_error_decide():
    best = Best(4, Score(0.5, 1.0, 0.3, ("toy",)))
    for better in (Score(0.6, 0.0, 0.9, ("toy",)), Score(0.5, 1.1, 0.9, ("toy",)), Score(0.5, 1.0, 0.2, ("toy",))):
        assert best.beaten_by(better)
    for worse in (Score(0.4, 2.0, 0.1, ("toy",)), Score(0.5, 1.0, 0.3, ("toy",)), Score(0.5, 1.0, None, ("toy",))):
        assert not best.beaten_by(worse)
    # What was measured otherwise does not compare: the newest way counts.
    assert best.beaten_by(Score(0.1, 0.0, None, ("another",)))
    assert best.beaten_by(Score.of_error(0.9, (1,)))
    assert not Score(float("nan"), 0.0, None, ("toy",)).is_finite


RATES = st.builds(Score, st.sampled_from([0.0, 0.5]), st.floats(-1, 1), st.none() | st.floats(0, 1), st.just(("toy",)))


@given(st.lists(RATES, min_size=1, max_size=6))
def test_whatever_the_order_nothing_beats_the_best(scores):
    best = Best(0, scores[0])
    for step, score in enumerate(scores):
        if best.beaten_by(score):
            best = Best(step, score)
    assert best.score.success == max(score.success for score in scores)
    assert not any(best.beaten_by(score) for score in scores)
    assert best.step == next(step for step, score in enumerate(scores) if score.rank == best.score.rank)


def test_where_the_file_is_missing_success_rates_decide_if_the_newest_step_has_one(session):
    for step, error in ((2, 0.1), (4, 0.3), (6, 0.2)):
        validated(session, step, error)
    for step, success in ((2, 0.5), (4, 0.5), (6, 0.4)):
        tried(session, step, success)
    assert read_best(session) == Best(2, Score(0.5, 0.0, 0.1, ("toy",)))
    (session.validation(6) / "online.json").unlink()
    assert read_best(session) == Best(6, Score.of_error(0.2, (1,)))
