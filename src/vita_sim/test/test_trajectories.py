from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sim_support import REPEATABLE
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from vita_dataset.errors import DataError
from vita_policy_node.conversions import to_time
from vita_sim.trajectories import read_trajectory

JOINTS = ("a", "b", "c")
NOW_NS = 20_000_000_000


def trajectory(points, names=JOINTS, start_ns=0):
    """Points as (time_from_start [ns], positions)."""
    message = JointTrajectory(joint_names=list(names))
    message.header.stamp = to_time(start_ns)
    for time_ns, positions in points:
        point = JointTrajectoryPoint(positions=list(positions))
        point.time_from_start.sec, point.time_from_start.nanosec = divmod(time_ns, 10**9)
        message.points.append(point)
    return message


@REPEATABLE
@given(st.permutations(range(3)), st.lists(st.integers(0, 10**10), min_size=1, max_size=5, unique=True))
def test_joints_come_in_any_order_and_points_at_their_times(order, times_ns):
    times_ns = sorted(times_ns)
    names = [JOINTS[index] for index in order]
    message = trajectory([(time_ns, [float(index) for index in order]) for time_ns in times_ns], names)
    read = read_trajectory(message, JOINTS, NOW_NS)
    assert read.times_ns == tuple(NOW_NS + time_ns for time_ns in times_ns)
    for point in read.points:
        np.testing.assert_array_equal(point, [0.0, 1.0, 2.0])


def test_a_stamp_is_where_time_from_start_begins_and_points_in_the_past_are_left_out():
    message = trajectory([(0, [0, 0, 0]), (10**9, [1, 1, 1]), (2 * 10**9, [2, 2, 2])], start_ns=NOW_NS - 10**9)
    read = read_trajectory(message, JOINTS, NOW_NS)
    assert read.times_ns == (NOW_NS, NOW_NS + 10**9)
    assert [point[0] for point in read.points] == [1, 2]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (trajectory([(1, [0, 0])], ("a", "b")), "must name each joint of ['a', 'b', 'c'] once, but names ['a', 'b']"),
        (trajectory([(1, [0, 0, 0])], ("a", "b", "b")), "but names ['a', 'b', 'b']"),
        (trajectory([(1, [0, 0, 0, 0])], ("a", "b", "c", "d")), "'d'"),
        (trajectory([]), "has none"),
        (trajectory([(1, [0, 0])]), "point 0 of a trajectory must have 3 finite positions, but has [0.0, 0.0]"),
        (trajectory([(1, [0, 0, 0]), (2, [0, math.nan, 0])]), "point 1"),
        (trajectory([(1, [0, math.inf, 0])]), "inf"),
        (trajectory([(2, [0, 0, 0]), (2, [0, 0, 0])]), "must rise from 0 s"),
        (trajectory([(-1, [0, 0, 0])]), "must rise from 0 s"),
        (trajectory([(1, [0, 0, 0])], start_ns=NOW_NS - 3 * 10**9), "ends 3 s in the past"),
    ],
)
def test_what_no_arm_could_follow_is_refused_with_the_reason(message, words):
    with pytest.raises(DataError) as error:
        read_trajectory(message, JOINTS, NOW_NS)
    assert words in str(error.value)
