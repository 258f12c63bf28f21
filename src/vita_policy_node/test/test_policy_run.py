from __future__ import annotations

import math

import pytest

from vita_msgs.action import RunPolicy
from vita_policy_node.policy_run import PolicyRun, RunEnd, Termination


def test_the_terminations_have_the_numbers_of_the_message():
    assert all(getattr(RunPolicy.Result, termination.name) == termination for termination in Termination)


@pytest.mark.parametrize("seconds", [-0.1, math.nan, math.inf, -math.inf])
def test_no_run_of_a_length_that_makes_no_sense(seconds):
    assert "max_duration_s must be 0 or more" in PolicyRun.refusal(seconds)


def test_a_run_is_due_when_it_has_lasted_as_long_as_it_may():
    run = PolicyRun(1.5, 1000)
    assert not run.is_due(1000 + 1_499_999_999)
    assert run.is_due(1000 + 1_500_000_000)


def test_without_a_limit_a_run_is_never_due():
    assert not PolicyRun.refusal(0.0)
    assert not PolicyRun(0.0, 0).is_due(10**18)


def test_the_first_reason_for_the_end_stays():
    run = PolicyRun(1.0, 0)
    run.end(Termination.STOPPED_BY_SAFETY, "too many violations", 500, 7)
    run.end(Termination.CANCELLED, "cancelled", 900)
    assert run.over == RunEnd(Termination.STOPPED_BY_SAFETY, "too many violations", 500, 7)
    assert not run.is_due(10**12)


def test_a_clock_that_was_set_back_makes_no_negative_time():
    assert PolicyRun(1.0, 1000).elapsed_ns(0) == 0
