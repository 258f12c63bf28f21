"""The launch files as a user starts them: ``ros2 launch`` in a process group of its own."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from policy_node_fakes import HEIGHT, WIDTH, spec, write_bag, write_checkpoint

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
        environment = {
            **os.environ,
            "ROS_DOMAIN_ID": str(random.randint(1, 230)),
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

    def wait_for_end(self, limit_s: float = 90.0) -> None:
        self.process.wait(limit_s)
        self._reader.join(10)

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


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
    checkpoint = write_checkpoint(tmp_path / "checkpoint")
    run = launch("replay.launch.py", f"bag:={bag}", f"checkpoint:={checkpoint}", "rate:=1.0", "out:=result")
    run.wait_for_end()
    assert "report.png" in run.text, run.text
    document = json.loads((tmp_path / "result" / "report.json").read_text())
    assert document["ticks"] == {"total": 60, "compared": 60}
    assert document["overall"]["live"]["compared"] >= 20
    assert (tmp_path / "result" / "report.png").is_file()
    assert "running" in run.text
    assert "Traceback" not in run.text, run.text


def test_a_policy_on_a_robot_waits_for_its_start_and_ends_on_ctrl_c(launch, tmp_path):
    checkpoint = ur12e_checkpoint(tmp_path / "checkpoint")
    run = launch("real.launch.py", f"robot:={CONFIG / 'ur12e.yaml'}", f"checkpoint:={checkpoint}")
    run.wait_for("serving")
    run.wait_for("active, waiting for ~/start")
    os.killpg(run.process.pid, signal.SIGINT)
    run.wait_for_end(30)
    assert "process has finished cleanly" in run.text
    assert "Traceback" not in run.text, run.text


def test_a_refused_checkpoint_ends_the_launch_with_the_reason(launch, tmp_path):
    checkpoint = write_checkpoint(tmp_path / "checkpoint")
    run = launch("real.launch.py", f"robot:={CONFIG / 'ur12e.yaml'}", f"checkpoint:={checkpoint}")
    run.wait_for_end()
    assert "refusing to configure" in run.text
    assert "'elbow_joint' is not in the policy's state" in run.text


def test_the_arguments_are_shown(launch):
    for file in ("real.launch.py", "replay.launch.py"):
        run = launch(file, "--show-args")
        run.wait_for_end(30)
        assert "'checkpoint'" in run.text
