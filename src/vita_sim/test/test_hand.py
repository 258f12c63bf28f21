from __future__ import annotations

import numpy as np
import pytest
from sim_support import RATE_HZ, simulation_of, tick

from vita_sim.hand import APPROACH_S, AT_GRASP_M, FUNNEL_M, GRIPPER_PER_S, HOVER_M, JOINT_RAD_S, SPEED_M_S, Hand
from vita_sim.ik import ArmKinematics

PERIOD_S = 1 / RATE_HZ


@pytest.fixture
def simulation():
    return simulation_of("bar")


@pytest.fixture(params=[0, 1], ids=["right", "left"])
def arm(request):
    return request.param


def grasp_site(simulation, arm):
    return simulation.data.site(simulation.scene.arms[arm] + "grasp").xpos.copy()


def test_a_hand_measures_its_own_arm(simulation, arm):
    measured = Hand(simulation, arm, PERIOD_S).measured()
    np.testing.assert_array_equal(measured, simulation.positions().reshape(2, 7)[arm])


def test_the_way_to_a_grasp_leads_over_it_and_down_in_a_funnel(simulation, arm):
    hand, at = Hand(simulation, arm, PERIOD_S), grasp_site(simulation, arm)
    heights = []
    for away in (0.0, FUNNEL_M[0], sum(FUNNEL_M) / 2, FUNNEL_M[1], 0.3):
        grasp = at + np.array([0.6 * away, 0.8 * away, -0.2])
        goal = hand.approach(grasp)
        np.testing.assert_array_equal(goal[:2], grasp[:2])
        heights.append(goal[2] - grasp[2])
    np.testing.assert_allclose(heights, [0.0, 0.0, HOVER_M / 2, HOVER_M, HOVER_M], atol=1e-9)


def test_a_command_is_as_fast_as_allowed_and_slows_down_near_its_goal(simulation, arm):
    # From home itself, where the gripper points down, so that all of the way is a way and none of it a turn.
    for _ in range(RATE_HZ):
        tick(simulation, simulation.scene.home_vector)
    hand, at = Hand(simulation, arm, PERIOD_S), grasp_site(simulation, arm)
    kinematics = ArmKinematics(simulation.model, simulation.scene.arms[arm])
    measured, yaw = hand.measured(), (-1 if arm == 0 else 1) * np.pi / 2
    ways = []
    for away in (0.01, 0.03, 0.5):
        command = hand.command(at + np.array([away, 0.0, 0.0]), yaw, close=False)
        assert np.abs(command[:6] - measured[:6]).max() <= JOINT_RAD_S * PERIOD_S * (1 + 1e-9)
        ways.append(np.linalg.norm(kinematics.pose(command[:6])[0] - at))
    assert ways == sorted(ways)
    assert ways[0] == pytest.approx(0.01 * PERIOD_S / APPROACH_S, rel=0.3)
    assert ways[-1] == pytest.approx(SPEED_M_S * PERIOD_S, rel=0.3)


def test_the_gripper_opens_and_closes_at_its_pace_and_no_further_than_it_can(simulation, arm):
    hand, at = Hand(simulation, arm, PERIOD_S), grasp_site(simulation, arm)
    assert hand.command(at, 0.0, close=False)[6] == 1.0
    assert hand.command(at, 0.0, close=True)[6] == pytest.approx(1.0 - GRIPPER_PER_S * PERIOD_S, abs=1e-3)
    closed = simulation.positions()
    closed[[6, 13]] = 0.0
    for _ in range(30):
        tick(simulation, closed)
    assert hand.command(at, 0.0, close=True)[6] == 0.0
    assert 0.0 < hand.command(at, 0.0, close=False)[6] < 0.2


def test_a_closed_gripper_may_be_further_from_its_grasp_than_one_that_is_to_close(simulation, arm):
    hand = Hand(simulation, arm, PERIOD_S)
    away = np.array([0.0, 0.0, 2 * AT_GRASP_M])
    assert hand.is_at(grasp_site(simulation, arm))
    assert not hand.is_at(grasp_site(simulation, arm) + away)
    assert not hand.holds(grasp_site(simulation, arm), held_ratio=0.5), "it is open"
    closed = simulation.positions()
    closed[[6, 13]] = 0.0
    for _ in range(30):
        tick(simulation, closed)
    at = grasp_site(simulation, arm)
    assert hand.is_at(at + away)
    assert hand.holds(at + away, held_ratio=0.5)
    assert not hand.is_at(at + 2 * away)
    assert not hand.holds(at + 2 * away, held_ratio=0.5)
