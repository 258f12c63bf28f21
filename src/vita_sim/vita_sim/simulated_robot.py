"""The robot of a robot file, simulated: commands in, the drivers' messages out. Owns no node and no clock."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from rosgraph_msgs.msg import Clock

from vita_dataset.errors import DataError
from vita_policy_node.conversions import to_time
from vita_sim.faults import ALL, Faults, FaultSettings
from vita_sim.messages import camera_info, image_message, info_topic, joint_state_messages
from vita_sim.pacing import Schedule
from vita_sim.render import Cameras
from vita_sim.simulation import Simulation
from vita_sim.stage import Stage
from vita_sim.trajectories import read_trajectory

START_NS = 1_000_000_000
"""When simulated time begins: a stamp of 0 means to everybody that there is none."""

CLOCK_TOPIC = "/clock"
CLOCK_HZ = 125.0
"""Fine beside a control period of 33 ms, and no more: each message costs every node that lives by this clock."""

Outgoing = tuple[str, Any]
"""A topic and a message for it."""


class SimulatedRobot:
    """Simulated time runs on across resets: a clock that goes back upsets every other node.

    Use it from one thread, and close it there.

    Args:
        stage: scene and robot file.
        size: (height, width) of all pictures [pixels].
        seed: of the first episode, and of faults that happen by chance.
        state_rate_hz: joint states per second of simulated time.
        camera_rate_hz: pictures per second of each camera.

    Raises:
        UsageError: the pictures are too large.
        DataError: the machine cannot render.
    """

    def __init__(
        self, stage: Stage, size: tuple[int, int], *, seed: int, state_rate_hz: float, camera_rate_hz: float
    ) -> None:
        self.stage = stage
        self.simulation = Simulation(stage.scene)
        self.now_ns = START_NS
        self._cameras = Cameras(self.simulation, size)
        self._faults = Faults(np.random.default_rng(seed))
        rates = {"clock": CLOCK_HZ, "joints": state_rate_hz, "cameras": camera_rate_hz}
        self._schedule = Schedule(rates, after_ns=START_NS)
        self._delayed: list[tuple[int, Outgoing]] = []
        self._clock_ns = 0
        self.reset(seed)

    @property
    def topics(self) -> dict[str, str]:
        """The topics of all messages, and what each is: "clock", "joints", "info", or a camera's transport."""
        topics = {CLOCK_TOPIC: "clock"}
        for camera in self.stage.robot.cameras:
            topics |= {camera.topic: camera.transport, info_topic(camera): "info"}
        return topics | {arm.state_topic: "joints" for arm in self.stage.robot.arms}

    @property
    def faults(self) -> FaultSettings:
        """Which faults are on."""
        return self._faults.settings

    def reset(self, seed: int) -> None:
        """Begin an episode. Commands and delayed pictures from before are forgotten; faults stay.

        Raises:
            DataError: the seed is negative.
        """
        if seed < 0:
            raise DataError(f"the seed of a simulation must be 0 or more, but is {seed}")
        self.simulation.reset(seed)
        self._episode_ns = self.now_ns
        self._delayed.clear()

    def command(self, arm: int, message: Any) -> None:
        """Send an arm on its way.

        Args:
            arm: its place in the robot file.
            message: trajectory_msgs/JointTrajectory.

        Raises:
            DataError: the arm refuses the message and goes on with the one before.
        """
        trajectory = read_trajectory(message, self.stage.robot.arms[arm].joints, self.now_ns)
        times_ns = [time_ns - self._episode_ns for time_ns in trajectory.times_ns]
        self.simulation.follow(arm, trajectory.points, times_ns)

    def change_faults(self, settings: FaultSettings) -> None:
        """Replace the faults that are on.

        Raises:
            DataError: there is no such camera or joint.
        """
        cameras = [camera.name for camera in self.stage.robot.cameras]
        if settings.camera not in (ALL, *cameras):
            raise DataError(f"fault.camera must be '{ALL}' or one of {cameras}, but is '{settings.camera}'")
        joints = self.stage.scene.names
        if settings.stuck_joint not in ("", *joints):
            raise DataError(
                f"fault.stuck_joint must be empty or one of {list(joints)}, but is '{settings.stuck_joint}'"
            )
        self.simulation.brake([settings.stuck_joint] if settings.stuck_joint else [])
        self._faults.change(settings)

    def advance_to(self, time_ns: int) -> Iterator[Outgoing]:
        """Run until a simulated time and yield what is sent on the way, in order; no stamp is ahead of the clock."""
        while (event := self._schedule.next(time_ns)) is not None:
            at_ns, what = event
            self._run_to(at_ns)
            if at_ns > self._clock_ns:
                self._clock_ns = at_ns
                yield CLOCK_TOPIC, Clock(clock=to_time(at_ns))
            yield from self._come_late()
            if what == "joints":
                yield from self._measure()
            elif what == "cameras":
                yield from self._look()
        self._run_to(time_ns)

    def close(self) -> None:
        """Free what renders."""
        self._cameras.close()

    def _run_to(self, time_ns: int) -> None:
        self.now_ns = max(self.now_ns, time_ns)
        self.simulation.advance_to(self.now_ns - self._episode_ns)

    def _measure(self) -> Iterator[Outgoing]:
        positions = self._faults.positions(self.simulation.positions(), self.simulation.is_angle)
        if positions is not None:
            velocities = self.simulation.velocities()
            yield from joint_state_messages(self.stage.robot.arms, positions, velocities, self.now_ns).items()

    def _look(self) -> Iterator[Outgoing]:
        for camera in self.stage.robot.cameras:
            picture = self._faults.picture(camera.name, partial(self._cameras.image, camera.name))
            if picture is None:
                continue
            fovy_rad = self._cameras.fovy_rad(camera.name)
            messages = [
                (camera.topic, image_message(camera, picture, self.now_ns)),
                (info_topic(camera), camera_info(camera, self._cameras.size, fovy_rad, self.now_ns)),
            ]
            delay_ns = self._faults.delay_ns(camera.name)
            if delay_ns:
                self._delayed += [(self.now_ns + delay_ns, message) for message in messages]
            else:
                yield from messages

    def _come_late(self) -> Iterator[Outgoing]:
        yield from [message for release_ns, message in self._delayed if release_ns <= self.now_ns]
        self._delayed = [late for late in self._delayed if late[0] > self.now_ns]
