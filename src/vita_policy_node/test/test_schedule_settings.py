from __future__ import annotations

import pytest
from chunk_fakes import schedule

from vita_dataset.errors import DataError
from vita_policy_node.settings import read_settings


def test_by_default_chunks_are_executed_open_loop():
    settings = read_settings({}).schedule
    assert settings == schedule("open_loop")
    assert settings.steps_until_next(8) == 8
    assert settings.problems(8) == []


@pytest.mark.parametrize(
    ("kind", "replan_steps", "steps"),
    [
        ("open_loop", 3, 8),
        ("receding", 0, 4),
        ("receding", 3, 3),
        ("temporal_ensemble", 0, 1),
        ("temporal_ensemble", 2, 2),
        ("blend", 0, 8),
        ("blend", 6, 6),
    ],
)
def test_when_the_next_chunk_is_to_take_over(kind, replan_steps, steps):
    assert schedule(kind, replan_steps).steps_until_next(8) == steps
    assert schedule(kind, replan_steps).problems(8) == []


def test_a_policy_that_executes_one_step_can_be_served_by_every_schedule():
    for kind in ("open_loop", "receding", "temporal_ensemble", "blend"):
        assert schedule(kind, blend_steps=1).steps_until_next(1) == 1


def test_what_does_not_fit_the_policy_is_said():
    (text,) = schedule("receding", 8).problems(8)
    assert text == "replan_steps is 8, but must be below the policy's 8 steps"
    (text,) = schedule("blend", 3, blend_steps=4).problems(8)
    assert text == "blend_steps is 4, but the next chunk comes after 3 steps"
    assert len(schedule("blend", 9, blend_steps=10).problems(8)) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [("schedule", "sometimes"), ("replan_steps", -1), ("ensemble_decay", float("nan")), ("blend_steps", 0)],
)
def test_values_out_of_range_are_refused_by_name(name, value):
    with pytest.raises(DataError, match=f"'{name}' must be"):
        read_settings({name: value})
