"""The launch files as a user starts them: ``ros2 launch`` in a process group of its own."""

from __future__ import annotations

import json
import os
import random
import runpy
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import rclpy
from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from policy_node_fakes import HEIGHT, PARAMETERS, WIDTH, spec, write_bag, write_checkpoint, write_robot_file
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from trajectory_msgs.msg import JointTrajectory

from vita_dataset.robot import read_robot_file
from vita_dataset.spec import CameraSpec, VectorSpec

LAUNCH = Path(__file__).resolve().parents[1] / "launch"
CONFIG = LAUNCH.parent / "config"


def is_built() -> bool:
    try:
        return bool(get_package_prefix("vita_policy_node"))
    except PackageNotFoundError:
        return False


pytestmark = pytest.mark.skipif(not is_built(), reason="the workspace is not built and sourced")


class Launch:
    """A running ``ros2 launch`` and what it has printed."""

    def __init__(self, file: str, arguments: list[str], folder: Path) -> None:
        self.domain = random.randint(1, 230)
        environment = {
            **os.environ,
            "ROS_DOMAIN_ID": str(self.domain),
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
            "ROS_LOG_DIR": str(folder / "log"),
            "PYTHONUNBUFFERED": "1",
        }
        self.process = subprocess.Popen(
            ["ros2", "launch", str(LAUNCH / file), *arguments],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)

    @property
    def text(self) -> str:
        return "".join(self.lines)

    def wait_for(self, words: str, limit_s: float = 60.0) -> None:
        deadline = time.monotonic() + limit_s
        while words not in self.text:
            assert time.monotonic() < deadline, f"'{words}' did not come:\n{self.text}"
            assert self.process.poll() is None or words in self.text, f"it ended without '{words}':\n{self.text}"
            time.sleep(0.05)

    def wait_for_end(self, limit_s: float = 180.0) -> None:
        self.process.wait(limit_s)
        self._reader.join(10)

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


@contextmanager
def listening(domain: int, *topics: str) -> Iterator[Counter[str]]:
    """Counts the commands that anybody sends on some topics, whatever reliability they are offered with."""
    heard: Counter[str] = Counter()
    context = Context()
    rclpy.init(context=context, domain_id=domain)
    node = Node("listener", context=context)
    qos = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
    for topic in topics:
        node.create_subscription(JointTrajectory, topic, lambda _, topic=topic: heard.update([topic]), qos)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    ended = threading.Event()

    def spin() -> None:
        while not ended.is_set():
            executor.spin_once(timeout_sec=0.1)

    thread = threading.Thread(target=spin, daemon=True)
    thread.start()
    yield heard
    ended.set()
    thread.join(10)
    executor.shutdown()
    node.destroy_node()
    rclpy.try_shutdown(context=context)


@pytest.fixture
def launch(tmp_path) -> Iterator[Callable[..., Launch]]:
    started = []

    def start(file: str, *arguments: str) -> Launch:
        started.append(Launch(file, list(arguments), tmp_path))
        return started[-1]

    yield start
    for one in started:
        one.close()


def ur12e_checkpoint(folder: Path) -> Path:
    robot = read_robot_file(CONFIG / "ur12e.yaml")
    dataset = spec(
        cameras=tuple(CameraSpec(camera.key, HEIGHT, WIDTH) for camera in robot.cameras),
        state=VectorSpec("observation.state", 7, robot.policy_names),
        action=VectorSpec("action", 7, robot.policy_names),
    )
    return write_checkpoint(folder, dataset)


def test_replay_plays_records_and_reports(launch, tmp_path):
    bag = write_bag(tmp_path / "episode", 60)
    # Whatever the robot file says of itself: the commands of a replay go to /replay.
    robot_file = write_robot_file(bag / "robot.yaml", command_prefix="/elsewhere", stamp_commands=False)
    robot_file.write_text(robot_file.read_text().replace("/**", "vita_policy"))
    checkpoint = write_checkpoint(tmp_path / "checkpoint")
    run = launch("replay.launch.py", f"bag:={bag}", f"checkpoint:={checkpoint}", "rate:=1.0", "out:=result")
    with listening(run.domain, "/arm/joint_trajectory", "/replay/arm/joint_trajectory") as heard:
        run.wait_for_end()
    assert heard["/arm/joint_trajectory"] == 0
    assert heard["/replay/arm/joint_trajectory"] > 0
    assert run.process.returncode == 0, run.text
    assert "report.png" in run.text, run.text
    document = json.loads((tmp_path / "result" / "report.json").read_text())
    assert document["ticks"] == {"total": 60, "compared": 60}
    assert document["overall"]["live"]["compared"] >= 20
    assert (tmp_path / "result" / "report.png").is_file()
    assert (tmp_path / "result" / "report.html").is_file()
    assert "running" in run.text
    assert "Traceback" not in run.text, run.text


def test_a_policy_on_a_robot_waits_for_its_start_and_ends_on_ctrl_c(launch, tmp_path):
    checkpoint = ur12e_checkpoint(tmp_path / "checkpoint")
    run = launch("real.launch.py", f"robot:={CONFIG / 'ur12e.yaml'}", f"checkpoint:={checkpoint}")
    run.wait_for("serving")
    run.wait_for("active, waiting for ~/start")
    os.killpg(run.process.pid, signal.SIGINT)
    run.wait_for_end(30)
    assert run.process.returncode == 0
    assert "process has finished cleanly" in run.text
    assert "Traceback" not in run.text, run.text


def test_a_refused_checkpoint_ends_the_launch_with_the_reason(launch, tmp_path):
    checkpoint = write_checkpoint(tmp_path / "checkpoint")
    run = launch("real.launch.py", f"robot:={CONFIG / 'ur12e.yaml'}", f"checkpoint:={checkpoint}")
    run.wait_for_end()
    assert run.process.returncode == 1
    assert "refusing to configure" in run.text
    assert "'elbow_joint' is not in the policy's state" in run.text


def test_a_report_that_fails_fails_the_launch(launch, tmp_path):
    bag = write_bag(tmp_path / "episode", 20)
    checkpoint = write_checkpoint(tmp_path / "checkpoint")
    (tmp_path / "result" / "report.json").mkdir(parents=True)
    run = launch("replay.launch.py", f"bag:={bag}", f"checkpoint:={checkpoint}", "out:=result")
    run.wait_for_end()
    assert run.process.returncode == 1
    assert "the replay's report ended with" in run.text


@pytest.mark.parametrize("skip", ["/recorded/action", ""])
def test_what_cannot_be_replayed_fails_before_anything_starts(launch, tmp_path, skip):
    bag = write_bag(tmp_path / "episode", 3, skip=skip)
    if not skip:
        text = (bag / "robot.yaml").read_text()
        more = "vita_policy:\n  ros__parameters:\n    arm: {arm: {command_topic: /real/joint_trajectory}}\n"
        (bag / "robot.yaml").write_text(text + more)
    else:
        write_robot_file(bag / "robot.yaml", arm={"arm": {**PARAMETERS["arm"]["arm"], "command_topic": "/elsewhere"}})
    run = launch("replay.launch.py", f"bag:={bag}", "checkpoint:=none")
    run.wait_for_end()
    assert run.process.returncode == 1
    assert ("neither /recorded/action" if skip else "must have one") in run.text
    assert "process started" not in run.text


def test_a_node_that_refuses_its_parameters_fails_the_launch(launch, tmp_path):
    file = write_robot_file(tmp_path / "robot.yaml", misspelt=1.0)
    run = launch("real.launch.py", f"robot:={file}", "checkpoint:=none")
    run.wait_for_end()
    assert run.process.returncode == 1
    assert "'misspelt' is not known" in run.text


@pytest.mark.parametrize("argument", ["", "device:=cpu"])
def test_the_device_of_the_robot_file_counts_unless_another_is_given(launch, tmp_path, argument):
    file = write_robot_file(tmp_path / "robot.yaml", device="tpu")
    checkpoint = write_checkpoint(tmp_path / "checkpoint")
    run = launch("real.launch.py", f"robot:={file}", f"checkpoint:={checkpoint}", *filter(None, [argument]))
    if argument:
        run.wait_for("active, waiting for ~/start")
        return
    run.wait_for_end()
    assert run.process.returncode == 1
    assert "'tpu'" in run.text


def test_the_arguments_are_shown(launch):
    for file in ("real.launch.py", "replay.launch.py", "sim.launch.py"):
        run = launch(file, "--show-args")
        run.wait_for_end(30)
        assert "'checkpoint'" in run.text


@pytest.mark.parametrize("loop", [False, True])
def test_the_player_plays_what_the_policy_reads_and_recorded_commands_elsewhere(loop):
    play = runpy.run_path(str(LAUNCH / "replay.launch.py"))["play"]
    command = play(read_robot_file(CONFIG / "r2v2.yaml"), Path("bag"), "2.0", loop).cmd
    words = [part if isinstance(part, str) else "".join(piece.text for piece in part) for part in command]
    assert ("--loop" in words) == loop
    topics = words[words.index("--topics") + 1 : words.index("--remap")]
    robot = read_robot_file(CONFIG / "r2v2.yaml")
    commands = [arm.command_topic for arm in robot.arms]
    read = {camera.topic for camera in robot.cameras} | {arm.state_topic for arm in robot.arms}
    assert set(topics) == read | {"/recorded/action", *commands}
    assert words[words.index("--remap") + 1 :] == [f"{topic}:=/recorded{topic}" for topic in commands]
