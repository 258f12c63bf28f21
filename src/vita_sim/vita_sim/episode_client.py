"""One episode through the running policy node and the simulated robot, by their services and topics alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, JointState
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

from vita_dataset.errors import DataError
from vita_msgs.msg import ActionChunk, PolicyStatus
from vita_msgs.srv import ResetSimulation
from vita_policy_node.conversions import MESSAGE_TYPES, NS_PER_S, stamp_ns
from vita_policy_node.safety import COMMAND_MEMORY_NS
from vita_sim.episode import EpisodeRules
from vita_sim.film import Film
from vita_sim.messages import info_topic
from vita_sim.policy_counts import PolicyCounts, read_counts
from vita_sim.results import EpisodeResult
from vita_sim.stage import Stage

POLICY, ROBOT = "/vita_policy", "/sim_robot"
ANY_QOS = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
# Deeper than what is sent: a policy that stops as soon as it was started must be seen to have been started.
LATCHED = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)

PATIENCE_S = 60.0
"""Wall time for anything but an episode itself."""

STANDSTILL_S = 20.0
"""Wall time without a clock message after which the simulated robot is taken for dead."""

SETTLE_NS = COMMAND_MEMORY_NS + NS_PER_S // 4
"""Between reset and start, so that the policy counts its steps from the new pose and not from its last command."""


class EpisodeClient:
    """Starts, watches and stops the policy.

    Args:
        node: speaks for the client; nobody else may spin it.
        stage: the scene and robot file of both running nodes.
        rules: when an episode ends.
        interrupted: whether somebody asks to end; looked at between two messages, and answered by KeyboardInterrupt.

    Attributes:
        inference_ns: how long each prediction took since the first start.
        checkpoint: the folder that is served and its training step.
        size: (height, width) of the pictures [pixels]; (0, 0) before the first episode.
    """

    def __init__(
        self, node: Node, stage: Stage, rules: EpisodeRules, interrupted: Callable[[], bool] = lambda: False
    ) -> None:
        self.inference_ns: list[int] = []
        self.checkpoint = ("", 0)
        self.size = (0, 0)
        self._node, self._stage, self._rules = node, stage, rules
        self._interrupted = interrupted
        self._now_ns = 0
        self._heard_s = time.monotonic()
        self._succeeded_ns: int | None = None
        self._status: PolicyStatus | None = None
        self._started = self._to_stop = False
        self._counts: PolicyCounts | None = None
        self._film: Film | None = None
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(node)
        self._trigger: dict[str, Any] = {
            name: self._node.create_client(Trigger, f"{POLICY}/{name}") for name in ("start", "stop")
        }
        self._resetting: Any = self._node.create_client(ResetSimulation, f"{ROBOT}/reset")
        self._node.create_subscription(Clock, "/clock", self._on_clock, ANY_QOS)
        self._node.create_subscription(Bool, f"{ROBOT}/success", self._on_success, LATCHED)
        self._node.create_subscription(PolicyStatus, f"{POLICY}/status", self._on_status, LATCHED)
        self._node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        self._node.create_subscription(ActionChunk, f"{POLICY}/action_chunk", self._on_chunk, 10)

    def close(self) -> None:
        """Stop the policy, if an episode was cut short, without waiting for its answer; and let go of the node."""
        if self._to_stop:
            self._trigger["stop"].call_async(Trigger.Request())
        self._executor.shutdown()

    def run(self, seed: int, video: Path | None = None) -> EpisodeResult:
        """Run one episode.

        Args:
            seed: of its start.
            video: where to film it; None films nothing.

        Returns:
            The result; its ``video`` is None.

        Raises:
            DataError: a node does not answer or refuses, no pictures or joint states come, or the policy stops.
        """
        self.ask("stop")
        self.reset(seed)
        with ExitStack() as stack:
            if video is not None:
                stack.enter_context(self._filming(video))
            self._started = False
            self.ask("start")
            begin_ns, self._succeeded_ns = self._now_ns, None
            while not self._rules.is_over(self._now_ns - begin_ns, self._since(begin_ns)):
                self._spin_once()
                self._check_clock()
                self._check_policy()
            duration_ns = self._now_ns - begin_ns
            # Before the film is closed, which may take a while: the policy must not be counted meanwhile.
            self.ask("stop")
        status, counts = self._final_counts()
        time_s = self._rules.time_to_success_s(self._since(begin_ns))
        return EpisodeResult(
            seed=seed,
            success=time_s is not None,
            time_s=time_s,
            duration_s=duration_ns / NS_PER_S,
            commands=status.commands,
            limited=status.limited,
            hits=counts.hits,
            holds=counts.holds,
            faults=counts.faults,
        )

    def reset(self, seed: int) -> None:
        """Begin an episode: reset the robot and wait until the policy may be started.

        Raises:
            DataError: the robot refuses, or no pictures or joint states come.
        """
        self._wait(lambda: self._now_ns > 0, lambda: "no message came on /clock")
        answer = self._call(self._resetting, ResetSimulation.Request(seed=seed))
        if not answer.success:
            raise DataError(f"'{ROBOT}' refuses to reset: {answer.message}")
        # Who listens only from now on hears nothing from before the reset.
        since_ns = self._now_ns + SETTLE_NS
        missing = {info_topic(camera) for camera in self._stage.robot.cameras}
        missing |= {arm.state_topic for arm in self._stage.robot.arms}

        def hear(topic: str, message: Any) -> None:
            if stamp_ns(message) >= since_ns:
                missing.discard(topic)
            if isinstance(message, CameraInfo):
                self.size = (message.height, message.width)

        types: dict[str, type] = dict.fromkeys(missing, CameraInfo)
        types |= {arm.state_topic: JointState for arm in self._stage.robot.arms}
        listening = [
            self._node.create_subscription(types[topic], topic, partial(hear, topic), ANY_QOS) for topic in types
        ]
        # Patience begins only then: where simulated time is slow this alone may take minutes.
        while self._now_ns < since_ns:
            self._spin_once()
            self._check_clock()
        self._wait(lambda: not missing, lambda: f"no new message came on {sorted(missing)} after the reset")
        for subscription in listening:
            self._node.destroy_subscription(subscription)

    def ask(self, name: str) -> None:
        """Ask the policy to "start" or "stop".

        Raises:
            DataError: it refuses or does not answer.
        """
        self._to_stop = True
        answer = self._call(self._trigger[name], Trigger.Request())
        if not answer.success:
            raise DataError(f"'{POLICY}' refuses to {name}: {answer.message}")
        self._to_stop = name == "start"

    def _final_counts(self) -> tuple[PolicyStatus, PolicyCounts]:
        """What the node tells once it has stopped."""
        self._counts = None
        self._wait(
            lambda: self._is_idle() and self._counts is not None and self._counts.state == "IDLE",
            lambda: f"'{POLICY}' does not report its counts on {POLICY}/status and /diagnostics",
        )
        assert self._status is not None
        assert self._counts is not None
        return self._status, self._counts

    @contextmanager
    def _filming(self, path: Path) -> Iterator[None]:
        cameras = self._stage.robot.cameras
        with Film(path, cameras, self.size, self._stage.rate_hz) as film:
            self._film = film
            listening = [
                self._node.create_subscription(
                    MESSAGE_TYPES[camera.transport], camera.topic, partial(film.take, camera.name), ANY_QOS
                )
                for camera in cameras
            ]
            try:
                self._wait(film.has_begun, lambda: "no pictures came for the film")
                yield
            finally:
                self._film = None
                for subscription in listening:
                    self._node.destroy_subscription(subscription)

    def _check_clock(self) -> None:
        if time.monotonic() - self._heard_s > STANDSTILL_S:
            raise DataError(f"/clock stands still for {STANDSTILL_S:g} s; is '{ROBOT}' running?")

    def _check_policy(self) -> None:
        if self._is_idle() and self._status is not None:
            raise DataError(f"the policy stopped during the episode: {self._status.reason}")

    def _is_idle(self) -> bool:
        """Whether the policy was seen to run and then to be idle: what was sent before the start does not count."""
        return self._started and self._status is not None and self._status.state == PolicyStatus.IDLE

    def _since(self, begin_ns: int) -> int | None:
        return None if self._succeeded_ns is None else self._succeeded_ns - begin_ns

    def _call(self, client: Any, request: Any) -> Any:
        self._wait(client.service_is_ready, lambda: f"nobody serves {client.srv_name}")
        future = client.call_async(request)
        self._wait(future.done, lambda: f"no answer came from {client.srv_name}")
        return future.result()

    def _wait(self, condition: Callable[[], bool], complaint: Callable[[], str]) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline_s:
                raise DataError(f"{complaint()} (waited {PATIENCE_S:g} s); are '{ROBOT}' and '{POLICY}' running?")
            self._spin_once()

    def _spin_once(self) -> None:
        if self._interrupted():
            raise KeyboardInterrupt
        self._executor.spin_once(timeout_sec=0.1)

    def _on_clock(self, message: Clock) -> None:
        self._now_ns = message.clock.sec * NS_PER_S + message.clock.nanosec
        self._heard_s = time.monotonic()
        if self._film is not None:
            self._film.run_to(self._now_ns)

    def _on_success(self, message: Bool) -> None:
        self._succeeded_ns = self._now_ns if message.data else None

    def _on_status(self, message: PolicyStatus) -> None:
        self._status = message
        self._started = self._started or message.state != PolicyStatus.IDLE
        self.checkpoint = (message.checkpoint, message.checkpoint_step)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        self._counts = read_counts(message, POLICY) or self._counts

    def _on_chunk(self, message: ActionChunk) -> None:
        self.inference_ns.append(message.inference_ns)
