"""The simulated robot and the policy node with a scripted policy in place of the network, in one executor."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np
import pytest
from evaluate_support import dataset_spec
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from sim_support import PERIOD_NS, RATE_HZ
from trajectory_msgs.msg import JointTrajectory

from vita_dataset.spec import CameraSpec
from vita_msgs.msg import PolicyStatus
from vita_policy_node import node_outputs, policy_node
from vita_policy_node.contract import check_contract
from vita_policy_node.observation_builder import ObservationBuilder
from vita_policy_node.serving import Serving
from vita_policy_node.settings import read_settings
from vita_sim import pacing
from vita_sim.episode import EpisodeRules
from vita_sim.episode_client import EpisodeClient
from vita_sim.lift_expert import LiftExpert
from vita_sim.sim_robot import SimRobot
from vita_sim.sim_settings import FAULTS
from vita_sim.simulation import Simulation
from vita_sim.stage import Stage, open_stage
from vita_train.policy.observation import ActionChunk, Observation

CONFIG = Path(__file__).resolve().parents[2] / "vita_bringup" / "config"
ROBOT = CONFIG / "ur12e.yaml"
SIZE = (64, 80)
CHUNK, HORIZON, AHEAD = 16, 8, 30
Result = TypeVar("Result")


class ExpertPolicy:
    """Serves what the expert did from the same start in a simulation of its own.

    It finds its place in the plan by the measured joints, not by time: a machine that stutters changes nothing.
    """

    checkpoint, step = Path("scripted"), 0
    config = SimpleNamespace(action_horizon=HORIZON, obs_horizon=1)
    start_pose = None

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.plan(0)

    def plan(self, seed: int) -> None:
        """Be ready for an episode."""
        simulation = Simulation(self._stage.scene)
        simulation.reset(seed)
        expert = LiftExpert(simulation, 1 / RATE_HZ)
        states, actions = [], []
        while not simulation.success:
            assert len(actions) < 450, "the expert fails"
            states.append(simulation.positions())
            actions.append(expert.act())
            simulation.command(actions[-1], PERIOD_NS)
            simulation.advance_to(len(actions) * PERIOD_NS)
        self._states = np.array(states)
        self.actions = np.array(actions + [actions[-1]] * CHUNK, np.float32)
        self._at = -1

    def predict_chunk(self, observed: Sequence[Observation]) -> ActionChunk:
        (observation,) = observed
        first = min(self._at + 1, len(self._states) - 1)
        away = np.abs(self._states[first : first + AHEAD] - observation.state).max(axis=1)
        self._at = first + int(away.argmin())
        actions = self.actions[self._at : self._at + CHUNK]
        return ActionChunk(observation.stamp_ns, PERIOD_NS, actions, self._stage.scene.names, inference_ns=1_000_000)


class ClosedLoop:
    """Both nodes, whoever asks them, and all commands that were ever published."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stage = open_stage("lift", str(ROBOT))
        self.stage, self.policy = stage, ExpertPolicy(stage)
        spec = dataset_spec(stage, cameras=tuple(CameraSpec(camera.key, *SIZE) for camera in stage.robot.cameras))
        settings = read_settings(stage.parameters)
        layout = check_contract(stage.robot, spec, [camera.key for camera in spec.cameras], settings)
        monkeypatch.setattr(
            policy_node,
            "open_checkpoint",
            lambda _: Serving(self.policy, layout, settings, ObservationBuilder(layout, settings)),
        )
        size = ("-p", f"image_height:={SIZE[0]}", "-p", f"image_width:={SIZE[1]}")
        self.robot = SimRobot(cli_args=["--ros-args", "-p", f"robot:={ROBOT}", *size])
        self.node = policy_node.PolicyNode(
            cli_args=["--ros-args", "--params-file", str(ROBOT), "-p", "use_sim_time:=true"]
        )
        self.asker = Node("run_episodes")
        self.client = EpisodeClient(self.asker, stage, EpisodeRules(time_limit_s=15.0))
        self.published: list[JointTrajectory | PolicyStatus] = []
        self.status = PolicyStatus()
        self._record(monkeypatch)
        # In one executor the node takes one joint state for each turn of the robot, which may thus send no more.
        monkeypatch.setattr(pacing, "LONGEST_STRIDE_NS", 8_000_000)
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.robot)
        self.executor.add_node(self.node)
        self._thread = ThreadPoolExecutor(max_workers=1)
        assert self.node.trigger_configure() == policy_node.TransitionCallbackReturn.SUCCESS
        assert self.node.trigger_activate() == policy_node.TransitionCallbackReturn.SUCCESS

    def _record(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Keep all commands and statuses that the node publishes, in order: a topic may lose some."""
        commands, status = node_outputs.command_messages, policy_node.diagnostics.status_message

        def record_commands(*arguments: Any) -> list[JointTrajectory]:
            messages = commands(*arguments)
            self.published += messages
            return messages

        def record_status(*arguments: Any) -> PolicyStatus:
            self.status = status(*arguments)
            self.published.append(self.status)
            return self.status

        monkeypatch.setattr(node_outputs, "command_messages", record_commands)
        monkeypatch.setattr(policy_node.diagnostics, "status_message", record_status)

    @property
    def commands(self) -> int:
        """How many were published."""
        return sum(isinstance(message, JointTrajectory) for message in self.published)

    @property
    def now_ns(self) -> int:
        """Simulated time."""
        return self.robot._robot.now_ns

    def do(self, action: Callable[[], Result]) -> Result:
        """Let the client do something in its own thread while the nodes run."""
        future: Future[Result] = self._thread.submit(action)
        self.wait(future.done, "what the client does", limit_s=180.0)
        return future.result()

    def wait(self, condition: Callable[[], object], what: str, limit_s: float = 60.0) -> None:
        deadline = time.monotonic() + limit_s
        while not condition():
            said = (self.status.state, self.status.reason)
            assert time.monotonic() < deadline, f"{what} did not happen; the last status was {said}"
            self.executor.spin_once(timeout_sec=0.05)

    def set_faults(self, **faults: object) -> None:
        changes = {fault.name: fault.default for fault in FAULTS}
        changes |= {f"fault.{name}": value for name, value in faults.items()}
        result = self.robot.set_parameters_atomically([Parameter(name, value=value) for name, value in changes.items()])
        assert result.successful, result.reason

    def close(self) -> None:
        self.client.close()
        self._thread.shutdown()
        self.executor.shutdown()
        self.robot.close()
        self.node.close()
        self.asker.destroy_node()


def assert_within_limits(loop: ClosedLoop) -> None:
    """Every command that was ever published is inside the limits of position and step."""
    (arm,) = loop.stage.robot.arms
    low, high, step = (np.array(limit) for limit in (arm.position_min, arm.position_max, arm.max_step))
    last: np.ndarray | None = None
    for message in loop.published:
        if isinstance(message, PolicyStatus):
            # After a hold steps may count from the measured pose.
            last = last if message.state == PolicyStatus.RUNNING else None
            continue
        (point,) = message.points
        command = np.array(point.positions)
        assert tuple(message.joint_names) == arm.joints
        assert ((low <= command) & (command <= high)).all()
        assert last is None or (np.abs(command - last) <= step + 1e-9).all()
        last = command
