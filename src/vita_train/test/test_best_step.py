from __future__ import annotations

import json

import pytest

from vita_train.best_step import Best, read_best, write_best
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
    best = Best(4, 0.25, (1, 7), extra=True)
    write_best(session, best)
    assert read_best(session) == best
    content = json.loads((session.checkpoints / "best.json").read_text())
    assert content["checkpoint"] == "step_0000000004"
    assert content["validation"] == "../val/step_0000000004/metrics.json"
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
    assert read_best(session) == Best(4, 0.2, (1,))


def test_scores_of_other_episodes_do_not_compare(session):
    for step, score, episodes in ((2, 0.1, (5,)), (4, 0.3, (1,)), (6, 0.4, (1,))):
        validated(session, step, score, episodes)
    assert read_best(session) == Best(4, 0.3, (1,))
    best = Best(4, 0.3, (1,))
    assert best.beaten_by(0.29, (1,))
    assert not best.beaten_by(0.3, (1,))
    assert best.beaten_by(0.9, (1, 2))
