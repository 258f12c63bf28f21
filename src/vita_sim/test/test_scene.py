from __future__ import annotations

import numpy as np
import pytest
from sim_support import robot_of, simulation_of, tick

from vita_dataset.errors import UsageError
from vita_sim.scene import GRIPPER, JOINTS, SCENES, find_scene

EVERY_SCENE = pytest.mark.parametrize("name", sorted(SCENES))


def test_an_unknown_scene_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match=r"no scene 'cupboard'; choose one of \['bar', 'lift'\]"):
        find_scene("cupboard")


@EVERY_SCENE
def test_the_shipped_robot_file_names_what_the_scene_has(name):
    scene, robot = find_scene(name), robot_of(name)
    assert scene.name == name
    assert robot.policy_names == scene.names
    assert len(robot.arms) == len(scene.arms)
    assert {camera.name for camera in robot.cameras} == set(scene.cameras)


@EVERY_SCENE
def test_home_lies_within_the_limits_of_the_robot_file(name):
    home, arms = find_scene(name).home_vector, robot_of(name).arms
    assert (home >= np.concatenate([arm.position_min for arm in arms])).all()
    assert (home <= np.concatenate([arm.position_max for arm in arms])).all()


@EVERY_SCENE
def test_each_element_of_a_command_moves_the_joint_of_its_name_and_no_other(name):
    simulation = simulation_of(name)
    joints = [arm + joint for arm in simulation.scene.arms for joint in (*JOINTS, "finger_one")]
    for element, (joint, policy_name) in enumerate(zip(joints, simulation.scene.names, strict=True)):
        assert joint.replace("finger_one", GRIPPER).endswith(policy_name)
        simulation.reset(0)
        places = [simulation.model.joint(other).qposadr[0] for other in joints]
        before = simulation.data.qpos[places].copy()
        target = simulation.positions()
        target[element] -= 0.1
        for _ in range(20):
            tick(simulation, target)
        moved = simulation.data.qpos[places] - before
        # A gripper that closes moves its finger by 0.1 of its way of 0.04 m.
        assert moved[element] == pytest.approx(0.004 if policy_name.endswith(GRIPPER) else -0.1, rel=0.02)
        assert np.abs(np.delete(moved, element)).max() < 2e-3


@EVERY_SCENE
def test_the_cameras_of_the_scene_are_in_its_model(name):
    simulation = simulation_of(name)
    for camera in simulation.scene.cameras.values():
        simulation.model.camera(camera)


@EVERY_SCENE
def test_no_light_casts_shadows(name):
    assert not simulation_of(name).model.light_castshadow.any()


@EVERY_SCENE
def test_arms_touch_nothing_where_they_start(name):
    simulation = simulation_of(name)
    for seed in range(50):
        simulation.reset(seed)
        bodies = simulation.model.geom_bodyid[simulation.data.contact.geom]
        touching = {simulation.model.body(body).name for body in bodies.flatten()}
        assert touching <= {"world", "cube", "bar"}, f"seed {seed}"
