"""The scenes as gymnasium environments."""

import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from vita_dataset.errors import DataError, UsageError
from vita_sim.env import STATE, make_env
from vita_sim.lift_expert import LiftExpert
from vita_sim.scene import SCENES

SIZE = (48, 64)


@pytest.fixture
def env():
    made = make_env(image_size=SIZE, render_mode="rgb_array")
    yield made
    made.close()


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_it_is_a_gymnasium_environment(env):
    check_env(env)


def test_every_scene_is_registered_with_its_robot():
    for scene in SCENES:
        made = gymnasium.make(f"vita_sim/{scene.capitalize()}-v0", image_size=SIZE)
        observation, info = made.reset(seed=1)
        robot = made.unwrapped.stage.robot
        assert list(observation) == [*(camera.key for camera in robot.cameras), STATE]
        assert observation[STATE].shape == made.action_space.shape == (len(robot.policy_names),)
        assert all(observation[camera.key].shape == (*SIZE, 3) for camera in robot.cameras)
        assert info == {"success": False}
        made.close()


def test_the_seed_decides_the_start(env):
    first, again, other = (env.reset(seed=seed)[0] for seed in (3, 3, 4))
    for key in first:
        np.testing.assert_array_equal(first[key], again[key])
    assert not np.array_equal(first[STATE], other[STATE])
    env.reset(seed=5)
    unseeded = env.reset()[0]
    env.reset(seed=5)
    np.testing.assert_array_equal(unseeded[STATE], env.reset()[0][STATE])


def test_the_expert_is_rewarded_once(env):
    env.reset(seed=0)
    expert = LiftExpert(env.simulation, env.stage.period_ns / 1e9)
    rewards, terminations = [], []
    for _ in range(200):
        _, reward, terminated, truncated, info = env.step(expert.act())
        rewards.append(reward)
        terminations.append(terminated)
        assert not truncated
        if sum(terminations) == 5:  # it may be stepped on
            break
    assert sum(rewards) == 1.0
    assert rewards.index(1.0) == terminations.index(True)
    assert info == {"success": True, "time_s": env.simulation.succeeded_ns / 1e9}


def test_the_time_limit_truncates():
    env = make_env(robot="ur12e", image_size=SIZE, time_limit_s=0.2)
    observation, _ = env.reset(seed=0)
    ends = [env.step(observation[STATE])[2:4] for _ in range(6)]  # at 30 Hz
    assert ends == [(False, False)] * 5 + [(False, True)]
    env.close()


def test_its_limits_are_the_robot_files(env):
    arm = env.stage.robot.arms[0]
    np.testing.assert_array_equal(env.action_space.low, np.float32(arm.position_min))
    np.testing.assert_array_equal(env.action_space.high, np.float32(arm.position_max))


def test_render_shows_all_cameras(env):
    assert env.render() is None
    observation, _ = env.reset(seed=0)
    row = env.render()
    assert row.shape == (SIZE[0], 2 * SIZE[1], 3)
    np.testing.assert_array_equal(row[:, : SIZE[1]], observation[env.stage.robot.cameras[0].key])


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"scene": "cup"}, UsageError, "no scene 'cup'"),
        ({"robot": "r2d2"}, UsageError, "r2d2"),
        ({"robot": "r2v2"}, DataError, "does not fit the scene 'lift'"),
        ({"fps": 25}, UsageError, "fps is 25"),
        ({"time_limit_s": 0}, UsageError, "time limit"),
        ({"image_size": (4000, 64)}, UsageError, "4000x64"),
        ({"render_mode": "human"}, UsageError, "render_mode"),
    ],
)
def test_what_cannot_be_is_refused(arguments, kind, words):
    with pytest.raises(kind, match=words):
        make_env(**arguments)


def test_it_imports_no_ros_node():
    probe = "import sys, vita_sim.env; print([m for m in ('rclpy', 'lightning', 'zarr') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
