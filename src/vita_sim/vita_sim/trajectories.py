"""What an arm makes of a trajectory_msgs/JointTrajectory: points with times, or a refusal that says why.

The rules are those of ros2_controllers' joint_trajectory_controller for positions: joints by name in any order, all of
them, times that rise, and a start of 0 means now. Points between which time has passed already are left out. Velocities
and accelerations are ignored: the way from point to point is straight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_policy_node.conversions import NS_PER_S, stamp_ns

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Where an arm shall be at which times.

    Attributes:
        points: one or more, each [J] in the arm's order [rad, gripper ratio].
        times_ns: of the points, rising, on the clock of the stamps, none in the past.
    """

    points: tuple[Vector, ...]
    times_ns: tuple[int, ...]


def read_trajectory(message: Any, joints: Sequence[str], now_ns: int) -> Trajectory:
    """A message as an arm follows it.

    Args:
        message: trajectory_msgs/JointTrajectory.
        joints: the arm's, in its own order.
        now_ns: when it arrives, on the clock of its stamp.

    Raises:
        DataError: the arm would refuse it; says why.
    """
    names = list(message.joint_names)
    if sorted(names) != sorted(joints):
        raise DataError(f"a trajectory must name each joint of {list(joints)} once, but names {names}")
    if not message.points:
        raise DataError("a trajectory must have one or more points, but has none")
    order = [names.index(joint) for joint in joints]
    start_ns = stamp_ns(message) or now_ns
    points, times_ns = [], []
    before_ns = -1
    for number, point in enumerate(message.points):
        positions = np.array(point.positions, dtype=np.float64)
        if positions.shape != (len(joints),) or not np.isfinite(positions).all():
            raise DataError(
                f"point {number} of a trajectory must have {len(joints)} finite positions, but has {positions.tolist()}"
            )
        from_start_ns = int(point.time_from_start.sec) * NS_PER_S + int(point.time_from_start.nanosec)
        if from_start_ns <= before_ns:
            raise DataError(
                f"time_from_start of a trajectory's points must rise from 0 s, but that of point {number} is "
                f"{from_start_ns / 1e9:g} s"
            )
        before_ns = from_start_ns
        if start_ns + from_start_ns >= now_ns:
            points.append(positions[order])
            times_ns.append(start_ns + from_start_ns)
    if not points:
        raise DataError(
            f"a trajectory ends {(now_ns - start_ns - before_ns) / 1e9:g} s in the past; leave header.stamp 0 to start "
            "at once, or check use_sim_time"
        )
    return Trajectory(tuple(points), tuple(times_ns))
