"""A scene in motion: commands in, joint positions, images and success out. Owns no clock, node or file."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from vita_sim.follower import Follower
from vita_sim.scene import FINGER_TRAVEL_M, JOINTS, Scene

Vector = NDArray[np.float64]

HOLD_S = 0.3
"""A goal counts as reached when it holds for so long [s]."""

START_NOISE_RAD = 0.05
"""Each joint starts at home plus or minus this."""


class Simulation:
    """One scene. Everything about an episode follows from its seed and the commands with their times.

    Attributes:
        model: the compiled MJCF.
        data: its state; to be read by whoever needs more than a robot can measure.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.model = mujoco.MjModel.from_xml_path(scene.model_path)
        self.data = mujoco.MjData(self.model)
        self._step_ns = round(float(self.model.opt.timestep) * 1e9)
        self._angles = _Elements(self.model, scene)
        self._followers: list[Follower] = []
        self._braked: dict[int, float] = {}
        self._reached_since_ns: int | None = None
        self._steps = 0
        self.succeeded_ns: int | None = None
        self.reset(0)

    @property
    def now_ns(self) -> int:
        """Time since the reset."""
        return self._steps * self._step_ns

    @property
    def success(self) -> bool:
        """Whether the goal held for ``HOLD_S`` at some time since the reset."""
        return self.succeeded_ns is not None

    @property
    def is_angle(self) -> NDArray[np.bool_]:
        """Which of ``scene.names`` are angles [A]; the others are gripper ratios."""
        return self._angles.is_angle

    def reset(self, seed: int) -> None:
        """Begin an episode: arms near home, objects at places that the seed decides, time 0."""
        rng = np.random.default_rng(seed)
        mujoco.mj_resetData(self.model, self.data)
        start = self.scene.home_vector
        start[self._angles.is_angle] += rng.uniform(-START_NOISE_RAD, START_NOISE_RAD, int(self._angles.is_angle.sum()))
        self._angles.place(self.data, start)
        self.scene.task.place(self.model, self.data, rng)
        self._followers = [Follower(part) for part in self._by_arm(start)]
        self._braked = {index: float(start[index]) for index in self._braked}
        self._angles.drive(self.data, start)
        self._reached_since_ns = None
        self.succeeded_ns = None
        self._steps = 0
        mujoco.mj_forward(self.model, self.data)

    def command(self, target: Vector, duration_ns: int) -> None:
        """Send all arms to ``target`` [A], to be reached in ``duration_ns``. Beyond a joint's range it stops there."""
        if target.shape != self.scene.home_vector.shape or not np.isfinite(target).all():
            raise ValueError(f"a command needs {len(self.scene.names)} finite numbers, but is {target.tolist()}")
        for follower, part in zip(self._followers, self._by_arm(target), strict=True):
            follower.command(part, self.now_ns, duration_ns)

    def follow(self, arm: int, points: Sequence[Vector], times_ns: Sequence[int]) -> None:
        """Send one arm through points, in place of its command before; the other arms go on with theirs.

        Args:
            arm: its place in ``scene.arms``.
            points: each [J], the arm's own joints.
            times_ns: when to be at each, since the reset; they rise, and none is before ``now_ns``.
        """
        self._followers[arm].follow(points, times_ns, self.now_ns)

    def brake(self, names: Collection[str]) -> None:
        """From now on exactly these joints, of ``scene.names``, stay where they are, whatever is commanded."""
        positions = self.positions()
        indices = [self.scene.names.index(name) for name in names]
        self._braked = {index: self._braked.get(index, float(positions[index])) for index in indices}

    def advance_to(self, time_ns: int) -> None:
        """Run the physics until ``time_ns`` since the reset."""
        while self.now_ns + self._step_ns <= time_ns:
            self._angles.drive(self.data, self._set_point(self.now_ns + self._step_ns))
            mujoco.mj_step(self.model, self.data)
            self._steps += 1
            self._watch()

    def positions(self) -> Vector:
        """Measured joint positions [A] in the order of ``scene.names``: angles [rad], gripper ratio (1 = open)."""
        return self._angles.read(self.data)

    def velocities(self) -> Vector:
        """How fast the joints move [A], in the order of ``scene.names``: [rad/s], gripper ratio per second."""
        return self._angles.read_velocities(self.data)

    def _by_arm(self, values: Vector) -> list[Vector]:
        return np.split(values, len(self.scene.arms))

    def _set_point(self, time_ns: int) -> Vector:
        set_point = np.concatenate([follower.at(time_ns) for follower in self._followers])
        for index, value in self._braked.items():
            set_point[index] = value
        return set_point

    def _watch(self) -> None:
        if not self.scene.task.is_reached(self.model, self.data):
            self._reached_since_ns = None
            return
        if self._reached_since_ns is None:
            self._reached_since_ns = self.now_ns
        if self.succeeded_ns is None and self.now_ns - self._reached_since_ns >= HOLD_S * 1e9:
            self.succeeded_ns = self.now_ns


class _Elements:
    """Where each element of the policy's vector lives in the model."""

    def __init__(self, model: mujoco.MjModel, scene: Scene) -> None:
        joints = [name for arm in scene.arms for name in (*(arm + joint for joint in JOINTS), arm + "finger_one")]
        motors = [name for arm in scene.arms for name in (*(arm + joint for joint in JOINTS), arm + "gripper")]
        self._places = np.array([model.joint(name).qposadr[0] for name in joints])
        self._speeds = np.array([model.joint(name).dofadr[0] for name in joints])
        self._second_fingers = np.array([model.joint(arm + "finger_two").qposadr[0] for arm in scene.arms])
        self._motors = np.array([model.actuator(name).id for name in motors])
        self.is_angle = np.array([not name.endswith("finger_one") for name in joints])

    def read(self, data: mujoco.MjData) -> Vector:
        values = np.array(data.qpos[self._places])
        return np.where(self.is_angle, values, 1.0 - values / FINGER_TRAVEL_M)

    def read_velocities(self, data: mujoco.MjData) -> Vector:
        values = np.array(data.qvel[self._speeds])
        return np.where(self.is_angle, values, -values / FINGER_TRAVEL_M)

    def place(self, data: mujoco.MjData, values: Vector) -> None:
        data.qpos[self._places] = self._to_model(values)
        data.qpos[self._second_fingers] = self._to_model(values)[~self.is_angle]

    def drive(self, data: mujoco.MjData, values: Vector) -> None:
        data.ctrl[self._motors] = self._to_model(values)

    def _to_model(self, values: Vector) -> Vector:
        return np.where(self.is_angle, values, FINGER_TRAVEL_M * (1.0 - values))
