from __future__ import annotations

import mujoco
import numpy as np
import pytest
from sim_support import play, simulation_of

from vita_sim.bar_task import BAR, BAR_HALF_M, LEVEL_RAD, LIFTED_M, PLACE_X_M, PLACE_Y_M, YAW_RAD, tilt_rad


@pytest.fixture
def simulation():
    return simulation_of("bar")


def put_bar(simulation, height_m, tilt=0.0):
    """The bar level or tilted about the world's x, so that its left end is up, at a height above where it rests."""
    qpos = simulation.data.joint(BAR).qpos
    qpos[2] = BAR_HALF_M + height_m
    qpos[3:] = (np.cos(tilt / 2), np.sin(tilt / 2), 0.0, 0.0)
    mujoco.mj_forward(simulation.model, simulation.data)


def is_reached(simulation):
    return simulation.scene.task.is_reached(simulation.model, simulation.data)


def test_bars_lie_flat_within_the_area_and_range_of_yaw(simulation):
    places = []
    for seed in range(200):
        simulation.reset(seed)
        bar = simulation.data.body(BAR)
        along = bar.xmat.reshape(3, 3)[:, 1]
        places.append([*bar.xpos, tilt_rad(simulation.data), np.arctan2(-along[0], along[1])])
    low, high = np.min(places, axis=0), np.max(places, axis=0)
    for element, (lowest, highest) in {0: PLACE_X_M, 1: PLACE_Y_M, 4: YAW_RAD}.items():
        assert lowest <= low[element] < lowest + 0.1 * (highest - lowest)
        assert highest >= high[element] > highest - 0.1 * (highest - lowest)
    np.testing.assert_allclose([low[2:4], high[2:4]], [[BAR_HALF_M, 0.0]] * 2, atol=1e-9)


@pytest.mark.parametrize("tilt", [-0.5, -0.1, 0.0, 0.1, 0.5])
def test_tilt_is_positive_with_the_left_end_up(simulation, tilt):
    put_bar(simulation, 0.3, tilt)
    assert tilt_rad(simulation.data) == pytest.approx(tilt, abs=1e-9)


def test_a_bar_that_flies_is_not_lifted(simulation):
    put_bar(simulation, LIFTED_M + 0.05)
    assert not is_reached(simulation)


def test_it_must_be_high_and_level_in_both_hands(simulation):
    play(simulation, 0)
    assert simulation.success
    assert is_reached(simulation)
    height = simulation.data.joint(BAR).qpos[2] - BAR_HALF_M
    # Tilted by little, the bar still touches all fingers; the hands are 0.3 m apart.
    for tilt, level in ((0.9 * LEVEL_RAD, True), (1.1 * LEVEL_RAD, False), (-1.1 * LEVEL_RAD, False)):
        put_bar(simulation, height, tilt)
        assert abs(tilt_rad(simulation.data)) == pytest.approx(abs(tilt))
        assert is_reached(simulation) is level


@pytest.mark.parametrize("arm", ["right_", "left_"])
def test_one_hand_is_not_enough(simulation, arm):
    play(simulation, 0)
    for finger in ("finger_one", "finger_two"):
        simulation.data.joint(arm + finger).qpos[0] = 0.0
    mujoco.mj_forward(simulation.model, simulation.data)
    assert not is_reached(simulation)
