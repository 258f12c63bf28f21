from __future__ import annotations

import mujoco
import numpy as np
from sim_support import simulation_of

from vita_sim.lift_task import CUBE, CUBE_HALF_M, LIFTED_M, PLACE_X_M, PLACE_Y_M, YAW_RAD


def test_cubes_lie_flat_within_the_area_and_range_of_yaw():
    simulation = simulation_of("lift")
    places = []
    for seed in range(200):
        simulation.reset(seed)
        cube = simulation.data.body(CUBE)
        rotation = cube.xmat.reshape(3, 3)
        places.append([*cube.xpos, rotation[2, 2], np.arctan2(rotation[1, 0], rotation[0, 0])])
    low, high = np.min(places, axis=0), np.max(places, axis=0)
    for element, (lowest, highest) in enumerate((PLACE_X_M, PLACE_Y_M)):
        assert lowest <= low[element] < lowest + 0.1 * (highest - lowest)
        assert highest >= high[element] > highest - 0.1 * (highest - lowest)
    np.testing.assert_allclose([low[2:4], high[2:4]], [[CUBE_HALF_M, 1.0]] * 2, atol=1e-9)
    assert YAW_RAD[0] <= low[4] < -0.4
    assert YAW_RAD[1] >= high[4] > 0.4


def test_it_is_reached_at_a_height():
    simulation = simulation_of("lift")
    for above_m, reached in ((0.0, False), (LIFTED_M - 1e-3, False), (LIFTED_M + 1e-3, True)):
        simulation.data.joint(CUBE).qpos[2] = CUBE_HALF_M + above_m
        mujoco.mj_forward(simulation.model, simulation.data)
        assert simulation.scene.task.is_reached(simulation.model, simulation.data) is reached
