"""sim.launch.py as a user starts it: robot, policy node and episodes in processes of their own."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from policy_node_fakes import HEIGHT, WIDTH, spec, write_checkpoint
from test_launch_files import CONFIG, Launch, pytestmark
from test_launch_files import launch as launch

from vita_dataset.robot import read_robot_file
from vita_dataset.spec import CameraSpec, VectorSpec
from vita_dataset.video import decode_video

SMALL = ("image_height:=48", "image_width:=64")
Start = Callable[..., Launch]
__all__ = ["launch", "pytestmark"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    """A policy with random weights for the robot file of the lift scene."""
    robot = read_robot_file(CONFIG / "ur12e_sim.yaml")
    dataset = spec(
        fps=10.0,
        cameras=tuple(CameraSpec(camera.key, HEIGHT, WIDTH) for camera in robot.cameras),
        state=VectorSpec("observation.state", 7, robot.policy_names),
        action=VectorSpec("action", 7, robot.policy_names),
    )
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint"), dataset)


def test_episodes_are_run_reported_and_judged_and_everything_ends(launch: Start, tmp_path, checkpoint):
    limits = ("episodes:=2", "time_limit_s:=1.0", "videos:=1", "min_success:=0.5")
    run = launch("sim.launch.py", f"checkpoint:={checkpoint}", "out:=result", *limits, *SMALL)
    run.wait_for_end(180)
    report = json.loads((tmp_path / "result" / "evaluation.json").read_text())
    assert (report["way"], report["episodes"], report["successes"]) == ("node", 2, 0)
    assert report["checkpoint"] == str(checkpoint)
    assert report["settings"]["image_size"] == [48, 64]
    assert [row["seed"] for row in report["rows"]] == [1_000_000, 1_000_001]
    assert [row["video"] for row in report["rows"]] == ["videos/episode_1000000.mp4", None]
    (film,) = (tmp_path / "result" / "videos").iterdir()
    assert next(iter(decode_video(film))).shape == (48, 128, 3)
    assert "success: 0 of 2 = 0%" in run.text
    # A random policy does not lift the cube.
    assert run.process.returncode == 1
    assert "a success rate of 0.5 is asked for" in run.text
    assert "exception in launch (see debug for traceback): their run ended with 1" in run.text
    assert "Traceback" not in run.text, run.text
    assert "failed to send response" not in run.text, run.text


def test_without_episodes_it_waits_for_a_start_like_the_real_robot(launch: Start, checkpoint):
    run = launch("sim.launch.py", f"checkpoint:={checkpoint}", *SMALL)
    run.wait_for("active, waiting for ~/start")
    run.wait_for("simulating 'lift'")
    os.killpg(run.process.pid, signal.SIGINT)
    run.wait_for_end(60)
    assert run.process.returncode == 0, run.text
    assert run.text.count("process has finished cleanly") == 2


@pytest.mark.parametrize(("program", "number"), [("ros2", signal.SIGINT), ("run_episodes", signal.SIGTERM)])
def test_episodes_that_were_cut_short_are_a_failure_and_leave_nothing(
    launch: Start, tmp_path, checkpoint, program, number
):
    run = launch("sim.launch.py", f"checkpoint:={checkpoint}", "out:=result", "episodes:=9", *SMALL)
    run.wait_for("running")
    pids = dict(re.findall(r"\[(\w+)-\d\]: process started with pid \[(\d+)\]", run.text))
    os.kill(run.process.pid if program == "ros2" else int(pids[program]), number)
    run.wait_for_end(60)
    assert run.process.returncode == 1, run.text
    assert "their run ended with 130" in run.text
    assert ("the launch ended before the episodes were over" in run.text) == (program == "ros2")
    assert not list(tmp_path.glob("*result*"))
    assert not [pid for pid in pids.values() if Path(f"/proc/{pid}").exists()]


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("robot:=r2v2", "does not fit the scene 'lift'"),
        ("scene:=moon", "there is no scene 'moon'"),
        ("episodes:=some", "episodes must be a number from 0, but is 'some'"),
    ],
)
def test_what_cannot_be_simulated_fails_before_anything_starts(launch: Start, argument, words):
    run = launch("sim.launch.py", "checkpoint:=none", argument)
    run.wait_for_end()
    assert run.process.returncode == 1
    assert words in run.text
    assert "process started" not in run.text


def test_a_robot_that_cannot_start_fails_the_launch(launch: Start, checkpoint):
    run = launch("sim.launch.py", f"checkpoint:={checkpoint}", "image_height:=4000")
    run.wait_for_end()
    assert run.process.returncode == 1
    assert "cannot be rendered" in run.text
    assert "the simulated robot ended with 2" in run.text
