from __future__ import annotations

import mujoco
import numpy as np
import pytest
from sim_support import play, simulation_of

from vita_dataset.errors import DataError, UsageError
from vita_sim.bar_task import BAR
from vita_sim.lift_task import CUBE
from vita_sim.render import DEFAULT_SIZE, Cameras
from vita_sim.scene import SCENES

SIZE = (120, 160)
EVERY_SCENE = pytest.mark.parametrize("name", sorted(SCENES))


def red(image: np.ndarray) -> int:
    """How many pixels are clearly red: the cube, and the right mark of the bar."""
    values = image.astype(int)
    return int(((values[..., 0] > 90) & (values[..., 1] < 70) & (values[..., 2] < 70)).sum())


def blue(image: np.ndarray) -> int:
    """How many pixels are clearly blue: the left mark of the bar."""
    values = image.astype(int)
    return int(((values[..., 2] > 90) & (values[..., 0] < 90) & (values[..., 1] < 110)).sum())


@EVERY_SCENE
def test_images_are_rgb_of_the_size_asked_for_and_the_same_each_time(name):
    simulation = simulation_of(name)
    with Cameras(simulation, SIZE) as cameras, Cameras(simulation) as larger:
        for camera in simulation.scene.cameras:
            image = cameras.image(camera)
            assert image.dtype == np.uint8
            assert image.shape == (*SIZE, 3)
            assert larger.image(camera).shape == (*DEFAULT_SIZE, 3)
            assert image.std() > 10, "there is something to see"
            np.testing.assert_array_equal(cameras.image(camera), image)


def test_an_image_is_kept_when_the_next_is_taken():
    simulation = simulation_of("lift")
    with Cameras(simulation, SIZE) as cameras:
        first = cameras.image("front")
        kept = first.copy()
        simulation.reset(1)
        assert not np.array_equal(cameras.image("front"), first)
        np.testing.assert_array_equal(first, kept)


def test_the_cube_is_seen_from_the_front_wherever_it_lies():
    simulation = simulation_of("lift")
    with Cameras(simulation, SIZE) as cameras:
        for seed in range(20):
            simulation.reset(seed)
            assert red(cameras.image("front")) > 20, f"seed {seed}"


def test_the_cube_is_seen_between_the_fingers_when_it_is_lifted():
    simulation = simulation_of("lift")
    play(simulation, 0)
    with Cameras(simulation, SIZE) as cameras:
        assert red(cameras.image("front")) > 20
        assert red(cameras.image("wrist_right")) > 50


def test_both_ends_of_the_bar_are_seen_from_the_front_wherever_it_lies():
    simulation = simulation_of("bar")
    with Cameras(simulation, SIZE) as cameras:
        for seed in range(20):
            simulation.reset(seed)
            image = cameras.image("front")
            assert red(image) > 10, f"seed {seed}"
            assert blue(image) > 10, f"seed {seed}"


def test_each_wrist_camera_sees_its_end_of_the_bar_from_start_to_lift():
    simulation = simulation_of("bar")
    with Cameras(simulation, SIZE) as cameras:
        for seed in range(20):
            simulation.reset(seed)
            assert red(cameras.image("wrist_right")) > 20, f"seed {seed}"
            assert blue(cameras.image("wrist_left")) > 20, f"seed {seed}"
        play(simulation, 0)
        assert red(cameras.image("wrist_right")) > 100
        assert blue(cameras.image("wrist_left")) > 100
        front = cameras.image("front")
        assert red(front) > 10
        assert blue(front) > 10


@pytest.mark.parametrize(("name", "body"), [("lift", CUBE), ("bar", BAR)])
def test_an_image_shows_the_present(name, body):
    simulation = simulation_of(name)
    with Cameras(simulation, SIZE) as cameras:
        before = cameras.image("front")
        simulation.data.joint(body).qpos[0] -= 0.1
        mujoco.mj_forward(simulation.model, simulation.data)
        assert np.abs(cameras.image("front").astype(int) - before).max() > 50


def test_the_field_of_view_is_that_of_the_model():
    with Cameras(simulation_of("lift"), SIZE) as cameras:
        assert cameras.fovy_rad("front") == pytest.approx(np.deg2rad(40))
        assert cameras.fovy_rad("wrist_right") == pytest.approx(np.deg2rad(70))


@pytest.mark.parametrize("size", [(0, 160), (120, -1), (961, 160), (120, 1281)])
def test_a_size_that_does_not_fit_is_refused_with_the_largest(size):
    with pytest.raises(UsageError, match="at most 960x1280"):
        Cameras(simulation_of("lift"), size)


@pytest.mark.parametrize("fault", [RuntimeError("no display"), ImportError("no EGL"), AttributeError("eglQuery")])
def test_a_machine_that_cannot_render_is_told_what_to_install(monkeypatch, fault):
    def fail(*arguments):
        raise fault

    monkeypatch.setattr(mujoco, "Renderer", fail)
    with pytest.raises(DataError, match="libegl1"):
        Cameras(simulation_of("lift"), SIZE)
