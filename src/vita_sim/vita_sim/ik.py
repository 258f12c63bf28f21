"""Differential inverse kinematics: one small step of an arm's joints towards a pose of its gripper."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from vita_sim.scene import JOINTS

Vector = NDArray[np.float64]

DAMPING = 0.05
"""Keeps the joints calm near singular poses, at the price of a slower approach there."""


class ArmKinematics:
    """Moves one arm of a model by damped least squares.

    Wampler 1986, "Manipulator inverse kinematic solutions based on vector formulations and damped least-squares
    methods": dq = J^T (J J^T + damping^2 I)^-1 dx.

    Works on its own copy of the state, so the simulation is not touched.
    """

    def __init__(self, model: mujoco.MjModel, prefix: str) -> None:
        self._model = model
        self._data = mujoco.MjData(model)
        joints = [model.joint(prefix + name) for name in JOINTS]
        self._places = np.array([joint.qposadr[0] for joint in joints])
        self._columns = np.array([joint.dofadr[0] for joint in joints])
        self._site = model.site(prefix + "grasp").id

    def pose(self, angles: Vector) -> tuple[Vector, Vector]:
        """Position [3] in metres and rotation [3, 3] of the grasp site in the world, for joint angles [6]."""
        self._data.qpos[self._places] = angles
        mujoco.mj_kinematics(self._model, self._data)
        return self._data.site_xpos[self._site].copy(), self._data.site_xmat[self._site].reshape(3, 3).copy()

    def step(
        self, angles: Vector, position: Vector, rotation: Vector, max_move_m: float, max_joint_rad: float
    ) -> Vector:
        """The joint angles [6] after one step towards a pose.

        Args:
            angles: where the arm is [6].
            position: where the grasp site shall go, world frame [3] in metres.
            rotation: how it shall be turned, columns are its axes in the world [3, 3].
            max_move_m: longest way in this step.
            max_joint_rad: largest change of any joint in this step; all are slowed down alike.
        """
        at, turned = self.pose(angles)
        move = _shortened(position - at, max_move_m)
        turn = _rotation_vector(rotation @ turned.T)
        mujoco.mj_comPos(self._model, self._data)
        linear = np.empty((3, self._model.nv))
        angular = np.empty((3, self._model.nv))
        mujoco.mj_jacSite(self._model, self._data, linear, angular, self._site)
        jacobian = np.concatenate((linear, angular))[:, self._columns]
        square = jacobian @ jacobian.T + DAMPING**2 * np.eye(6)
        change = jacobian.T @ np.linalg.solve(square, np.concatenate((move, turn)))
        return np.asarray(angles + change * min(1.0, max_joint_rad / max(1e-9, float(np.abs(change).max()))))


def pointing_down(yaw: float) -> Vector:
    """The rotation [3, 3] of a gripper that points down, its fingers moving along y turned by ``yaw`` [rad]."""
    cos, sin = np.cos(yaw), np.sin(yaw)
    return np.array([[sin, -cos, 0.0], [-cos, -sin, 0.0], [0.0, 0.0, -1.0]])


def _shortened(vector: Vector, longest: float) -> Vector:
    length = float(np.linalg.norm(vector))
    return vector if length <= longest else vector * (longest / length)


def _rotation_vector(rotation: Vector) -> Vector:
    quaternion = np.empty(4)
    mujoco.mju_mat2Quat(quaternion, rotation.flatten())
    vector = np.empty(3)
    mujoco.mju_quat2Vel(vector, quaternion, 1.0)
    return vector
