from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vita_dataset.stats import FeatureStats
from vita_policy_node.safety import JointLimits, SafetyGate, SentCommand
from vita_policy_node.workspace import LEAST_MARGIN_RAD, Workspace

NAMES = ("a", "b", "grip")
ONES = np.ones(3)
STATES = FeatureStats(ONES, ONES, -9 * ONES, 9 * ONES, 50, np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 2.0]))
ARM = np.array([True, True, False])
WORKSPACE = Workspace(np.array([-0.5, -0.5, 0.4]), np.array([0.5, 0.5, 0.6]), ARM, holds=False)


def gate(holds: bool) -> SafetyGate:
    limits = JointLimits(NAMES, -3 * ONES, 3 * ONES, 0.1 * ONES, workspace=replace(WORKSPACE, holds=holds))
    return SafetyGate(limits)


def test_the_range_is_that_of_the_quantiles_with_a_margin_in_the_order_of_the_action():
    known = Workspace.known(STATES, None, [1, 0, 2], ARM, 0.1, holds=True)
    assert known is not None
    assert known.low == pytest.approx([0.8, -0.1, 2.0 - LEAST_MARGIN_RAD])
    assert known.high == pytest.approx([3.2, 1.1, 2.0 + LEAST_MARGIN_RAD])


def test_start_poses_are_inside_however_rare():
    first = FeatureStats(ONES, ONES, np.array([-1.0, 2.0, 2.0]), np.array([0.5, 4.0, 2.0]), 5)
    known = Workspace.known(STATES, first, [0, 1, 2], ARM, 0.0, holds=True)
    assert known is not None
    assert known.low == pytest.approx(np.array([-1.0, 1.0, 2.0]) - LEAST_MARGIN_RAD)
    assert known.high == pytest.approx(np.array([1.0, 4.0, 2.0]) + LEAST_MARGIN_RAD)


def test_statistics_without_quantiles_know_no_workspace():
    assert Workspace.known(replace(STATES, q01=None), None, [0, 1, 2], ARM, 0.1, holds=True) is None


def test_a_command_that_leads_out_is_named_and_the_way_back_is_free():
    assert WORKSPACE.left(np.array([0.4, -0.4, 9.0]), np.zeros(3)).tolist() == [False, False, False]
    assert WORKSPACE.left(np.array([0.6, -0.6, 0.5]), np.zeros(3)).tolist() == [True, True, False]
    assert WORKSPACE.left(np.array([0.6, -0.6, 0.5]), np.array([0.7, -0.6, 0.5])).tolist() == [False, True, False]


def test_what_is_no_number_is_outside():
    nothing = np.full(3, np.nan)
    assert WORKSPACE.left(nothing, np.zeros(3)).tolist() == [True, True, False]
    assert WORKSPACE.left(np.array([0.6, 0.0, 0.5]), nothing).tolist() == [True, False, False]


@pytest.mark.parametrize("holds", [False, True])
def test_the_gate_warns_or_holds(holds):
    last = SentCommand(np.array([0.45, 0.0, 0.5]), 1)
    verdict = gate(holds).check(np.array([0.53, 0.0, 0.5]), NAMES, last.values, last, 2)
    if holds:
        assert verdict.command is None
        assert verdict.hits == ("workspace: a",)
        assert "leads a out of where its demonstrations were" in verdict.reason
    else:
        assert verdict.command is not None
        assert (verdict.hits, verdict.warnings) == ((), ("workspace: a",))
    inside = gate(holds).check(np.array([0.48, 0.0, 0.5]), NAMES, last.values, last, 2)
    assert inside.command is not None
    assert inside.warnings == ()
