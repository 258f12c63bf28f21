from __future__ import annotations

import numpy as np
import pytest
from sim_support import NOISE_RAD, RATE_HZ, play, rate_of, robot_of, simulation_of, tick

from vita_sim.lift_expert import LiftExpert
from vita_sim.lift_task import CUBE, CUBE_HALF_M, LIFTED_M


@pytest.fixture(scope="module")
def simulation():
    return simulation_of("lift")


def height(simulation):
    return simulation.data.body(CUBE).xpos[2] - CUBE_HALF_M


def test_it_lifts_the_cube_within_the_limits_of_the_robot_file(simulation):
    (arm,) = robot_of("lift").arms
    for seed in range(10):
        commands = play(simulation, seed, limit_s=8.0, rate_hz=rate_of("lift"))
        assert simulation.success, f"seed {seed}"
        assert height(simulation) > LIFTED_M
        assert (np.abs(np.diff(commands, axis=0)) <= np.array(arm.max_step)).all(), f"seed {seed}"
        assert (commands >= np.array(arm.position_min)).all()
        assert (commands <= np.array(arm.position_max)).all()


def test_it_lifts_the_cube_in_spite_of_noise(simulation):
    successes = 0
    for seed in range(10):
        play(simulation, seed, noise_rad=NOISE_RAD)
        successes += simulation.success
    # All of 200 did when this was measured; the path of each differs with the processor's rounding.
    assert successes >= 9


def test_its_command_follows_from_the_state_alone(simulation):
    simulation.reset(2)
    expert = LiftExpert(simulation, 1 / RATE_HZ)
    while not simulation.success:
        assert simulation.now_ns < 8_000_000_000
        before = simulation.data.qpos.copy()
        command = expert.act()
        np.testing.assert_array_equal(LiftExpert(simulation, 1 / RATE_HZ).act(), command)
        np.testing.assert_array_equal(simulation.data.qpos, before)
        tick(simulation, command)


def test_it_fetches_a_cube_that_was_taken_away(simulation):
    play(simulation, 3, until=lambda: height(simulation) > LIFTED_M / 2)
    address = simulation.model.joint(CUBE).qposadr[0]
    simulation.data.qpos[address : address + 3] = (0.4, -0.1, CUBE_HALF_M)
    expert = LiftExpert(simulation, 1 / RATE_HZ)
    end_ns = simulation.now_ns + 8_000_000_000
    while not simulation.success and simulation.now_ns < end_ns:
        tick(simulation, expert.act())
    assert simulation.success
