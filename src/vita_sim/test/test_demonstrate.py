import json
from pathlib import Path

import numpy as np
import pytest

from vita_dataset.errors import DataError, UsageError
from vita_dataset.lerobot_reader import LeRobotDataset
from vita_sim import cli, demonstrate
from vita_sim.demonstrate import RECORD, write_demonstrations
from vita_sim.render import Cameras
from vita_sim.simulation import Simulation
from vita_sim.stage import open_stage

SIZE = (32, 48)


CONFIG = Path(__file__).resolve().parents[2] / "vita_bringup" / "config"


@pytest.fixture(scope="module")
def stage():
    return open_stage("lift", str(CONFIG / "ur12e_sim.yaml"))


@pytest.fixture(scope="module")
def written(stage, tmp_path_factory):
    path = tmp_path_factory.mktemp("shown") / "lift"
    write_demonstrations(stage, path, episodes=2, size=SIZE, seed=5, codec=None)
    return path


def test_the_dataset_is_named_and_paced_by_the_robot_file(stage, written):
    dataset = LeRobotDataset(written)
    assert dataset.episode_count == 2
    assert dataset.spec.fps == stage.rate_hz
    assert dataset.spec.state.names == dataset.spec.action.names == stage.robot.policy_names
    assert [camera.key for camera in dataset.spec.cameras] == [camera.key for camera in stage.robot.cameras]
    assert dataset.episode(0).table.task == "lift the cube"
    record = json.loads((written / "meta" / RECORD).read_text())
    assert record["seeds"] == [5, 6]
    assert record["skipped_seeds"] == []


def test_carrying_out_what_was_recorded_lifts_the_cube(stage, written):
    table = LeRobotDataset(written).episode(1).table
    simulation = Simulation(stage.scene)
    simulation.reset(6)
    np.testing.assert_allclose(simulation.positions(), table.state[0], atol=1e-6)
    for step, action in enumerate(table.action):
        simulation.command(action.astype(np.float64), stage.period_ns)
        simulation.advance_to((step + 1) * stage.period_ns)
    assert simulation.success


def test_frame_and_state_are_of_the_same_moment(stage, written):
    episode = LeRobotDataset(written).episode(0)
    simulation = Simulation(stage.scene)
    with Cameras(simulation, SIZE) as cameras:
        simulation.reset(5)
        for camera in stage.robot.cameras:
            np.testing.assert_array_equal(next(episode.frames[camera.key]()), cameras.image(camera.name))


def test_the_same_seeds_give_the_same_dataset(stage, written, tmp_path):
    write_demonstrations(stage, tmp_path / "again", episodes=2, size=SIZE, seed=5, codec=None)
    assert LeRobotDataset(tmp_path / "again").fingerprint() == LeRobotDataset(written).fingerprint()


def test_the_noise_moves_the_arm_but_not_the_answer(stage):
    simulation = Simulation(stage.scene)
    with Cameras(simulation, SIZE) as cameras:
        still, noisy = (demonstrate.demonstrate(stage, simulation, cameras, 3, noise) for noise in (0.0, 0.003))
    np.testing.assert_allclose(still.action[0], noisy.action[0], atol=1e-6)
    assert np.abs(still.state[1:8] - noisy.state[1:8]).max() > 5e-4
    limits = stage.robot.arms[0]
    assert (np.abs(np.diff(still.action, axis=0)) <= np.array(limits.max_step) + 1e-6).all()


class Sleeper:
    """An expert that stays where it is, except in the episodes that it is awake for."""

    def __init__(self, simulation, period_s):
        self._simulation = simulation
        del period_s

    def act(self):
        return self._simulation.positions()


def test_failures_are_left_out_and_noted(stage, tmp_path, monkeypatch):
    made = iter([Sleeper, demonstrate.LiftExpert])
    monkeypatch.setitem(demonstrate.EXPERTS, "lift", lambda *arguments: next(made)(*arguments))
    result = write_demonstrations(stage, tmp_path / "a", episodes=1, size=SIZE, seed=5, codec=None)
    assert result.skipped_seeds == (5,)
    record = json.loads((tmp_path / "a/meta" / RECORD).read_text())
    assert (record["seeds"], record["skipped_seeds"]) == ([6], [5])


def test_an_expert_that_fails_always_ends_the_command_and_leaves_nothing(stage, tmp_path, monkeypatch):
    monkeypatch.setitem(demonstrate.EXPERTS, "lift", Sleeper)
    monkeypatch.setattr(demonstrate, "LONGEST_S", 0.3)
    with pytest.raises(DataError, match="the expert failed in 9 of 9"):
        write_demonstrations(stage, tmp_path / "a", episodes=1, size=SIZE, codec=None)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"episodes": 0}, "at least 1 episode"),
        ({"episodes": 1, "seed": -1}, "a seed from 0"),
        ({"episodes": 1, "noise_rad": float("nan")}, "noise from 0"),
        ({"episodes": 1, "size": (33, 48)}, "even"),
    ],
)
def test_arguments_out_of_range(stage, tmp_path, wrong, message):
    with pytest.raises(UsageError, match=message):
        write_demonstrations(stage, tmp_path / "a", **wrong)


def test_the_command(tmp_path, capsys):
    out = tmp_path / "sim" / "bar"
    arguments = [
        "--scene",
        "bar",
        "--robot",
        str(CONFIG / "ur12e_dual_sim.yaml"),
        "--size",
        "32",
        "48",
        "--episodes",
        "1",
    ]
    assert cli.demonstrate(["--out", str(out), *arguments]) == 0
    assert "1 episodes" in capsys.readouterr().out
    assert LeRobotDataset(out).spec.state.dim == 14
    assert cli.demonstrate(["--out", str(out), *arguments]) == 2
    assert cli.demonstrate(["--out", str(out), *arguments, "--overwrite"]) == 0
    foreign = tmp_path / "mine"
    foreign.mkdir()
    (foreign / "notes.txt").write_text("mine")
    assert cli.demonstrate(["--out", str(foreign), *arguments, "--overwrite"]) == 1
    assert (foreign / "notes.txt").read_text() == "mine"
