"""The arm's model: it carries itself, holds what it grasps, and stops at what is in its way."""

from __future__ import annotations

import numpy as np
import pytest
from sim_support import RATE_HZ, play, simulation_of, tick

from vita_sim.lift_task import CUBE
from vita_sim.scene import SCENES

EVERY_SCENE = pytest.mark.parametrize("name", sorted(SCENES))


def touching(simulation):
    """Which bodies touch which, as pairs of names in alphabetical order."""
    pairs = simulation.model.geom_bodyid[simulation.data.contact.geom]
    return {tuple(sorted(simulation.model.body(body).name for body in pair)) for pair in pairs}


@EVERY_SCENE
def test_an_arm_carries_its_own_weight(name):
    simulation = simulation_of(name)
    for seed in range(5):
        simulation.reset(seed)
        start = simulation.positions()
        for _ in range(RATE_HZ):
            tick(simulation, start)
        np.testing.assert_allclose(simulation.positions(), start, atol=1e-4)
        assert np.abs(simulation.velocities()).max() < 1e-3, "nothing trembles"


def test_closed_fingers_rest_on_each_other_in_peace():
    simulation = simulation_of("lift")
    target = simulation.positions()
    target[6] = 0.0
    for _ in range(RATE_HZ):
        tick(simulation, target)
    assert 0.0 < simulation.positions()[6] < 0.04
    assert np.abs(simulation.data.qvel).max() < 1e-3


def test_a_held_cube_stays_in_the_hand_while_the_arm_swings():
    simulation = simulation_of("lift")
    play(simulation, 0)
    start = simulation.positions()
    hand = simulation.data.body("right_hand")

    def place_in_hand():
        return hand.xmat.reshape(3, 3).T @ (simulation.data.body(CUBE).xpos - hand.xpos)

    held = place_in_hand()
    swing_rad = np.array([0.7, -0.15, 0.0, 0.0, 0.3, 0.5])
    swing_hz = np.array([0.35, 0.5, 0.0, 0.0, 0.6, 0.8])
    for step in range(5 * RATE_HZ):
        angles = start[:6] + swing_rad * np.sin(2 * np.pi * swing_hz * step / RATE_HZ)
        tick(simulation, np.append(angles, 0.0))
    assert np.abs(place_in_hand() - held).max() < 0.01
    for _ in range(RATE_HZ):
        tick(simulation, np.append(start[:6], 0.0))
    assert np.abs(simulation.data.qvel).max() < 0.01, "nothing trembles"


def test_an_arm_stops_at_the_table():
    simulation = simulation_of("lift")
    target = simulation.positions()
    # The hand is turned up and the elbow goes down, so that a link arrives first.
    target[3] += 2.0
    for _ in range(RATE_HZ):
        tick(simulation, target)
    assert not any("right" in body for pair in touching(simulation) for body in pair)
    for lean in np.linspace(0.0, 1.5, 2 * RATE_HZ):
        leaning = target.copy()
        leaning[1] += lean
        tick(simulation, leaning)
    links = {body for pair in touching(simulation) if "world" in pair for body in pair if body.startswith("right")}
    assert links, "nothing of the arm touches the table"
    assert not {link for link in links if "finger" in link}
    assert simulation.positions()[1] < leaning[1] - 0.2
    assert all(simulation.data.body(link).xpos[2] > 0.0 for link in links)


def test_two_arms_stop_at_each_other():
    simulation = simulation_of("bar")
    target = simulation.positions()
    for turn in np.linspace(0.0, 1.0, 2 * RATE_HZ):
        inward = target.copy()
        inward[0] += turn
        inward[7] -= turn
        tick(simulation, inward)
    assert any(one.startswith("left") and other.startswith("right") for one, other in touching(simulation))
    assert simulation.positions()[0] < inward[0] - 0.1
    assert simulation.positions()[7] > inward[7] + 0.1
