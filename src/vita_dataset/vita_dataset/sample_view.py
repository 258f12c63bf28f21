"""Draws what the two cameras of the sample dataset see."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vita_dataset.sample_arm import CLOSED, OPEN, Vector, skeleton

Image = NDArray[np.uint8]

TABLE = (196, 182, 160)
WALL = (118, 130, 142)
LINKS = ((70, 70, 78), (60, 96, 160), (60, 96, 160), (226, 226, 230))
GRIPPER = (30, 30, 34)
TARGET = (214, 48, 40)
TARGET_M = 0.07
EYE = np.array([1.45, 0.0, 0.85])
LOOK_AT = np.array([0.3, 0.0, 0.12])
FOCAL = 1.25


def front_view(joints: Vector, target: Vector, yaw: float, height: int, width: int) -> Image:
    """The scene from in front of the arm, uint8 [height, width, 3] RGB.

    Args:
        joints: float64 [7], positions [rad] and gripper ratio.
        target: (x, y, z) of the target's centre [m].
        yaw: the target's rotation about the vertical [rad].
        height: rows.
        width: columns.
    """
    image: Image = np.full((height, width, 3), WALL, dtype=np.uint8)
    table = np.array([[-0.3, -0.7, 0], [1.0, -0.7, 0], [1.0, 0.7, 0], [-0.3, 0.7, 0]], dtype=np.float64)
    _fill(image, _project(table, height, width), TABLE)
    points = skeleton(joints)
    thickness = max(2, height // 20)
    shadow = points.copy()
    shadow[:, 2] = 0.0
    _polyline(image, _project(shadow, height, width), tuple(int(0.8 * c) for c in TABLE), thickness)
    _fill(image, _hull(_project(_cube(target, yaw), height, width)), TARGET)
    projected = _project(points, height, width)
    for start, end, colour in zip(projected[:-1], projected[1:], LINKS, strict=True):
        _polyline(image, np.stack([start, end]), colour, thickness)
    half = 0.02 + 0.04 * float(joints[6])
    for side in (-half, half):
        finger = points[-1] + np.array([[0.0, side, 0.06], [0.0, side, -0.01]])
        _polyline(image, _project(finger, height, width), GRIPPER, max(1, thickness // 2))
    return image


def wrist_view(joints: Vector, target: Vector, yaw: float, height: int, width: int) -> Image:
    """The table below the gripper as a camera in the tool sees it, uint8 [height, width, 3] RGB.

    Arguments are those of ``front_view``.
    """
    tip = skeleton(joints)[-1]
    image: Image = np.full((height, width, 3), TABLE, dtype=np.uint8)
    # The camera turns with the tool: its yaw is pan plus the last wrist joint.
    turn = float(joints[0] + joints[5])
    scale = 0.12 * height / max(0.06, float(tip[2]) + 0.08)
    centre = np.array([width / 2, height / 2])
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])

    def place(points: Vector, lift: float) -> Vector:
        nearer = scale * (1 + max(0.0, lift))
        return np.asarray(centre + (points - tip[:2]) @ rotation.T * nearer * 3.0)

    for line in np.arange(-1.0, 1.01, 0.1):  # a grid on the table shows how the camera moves
        for ends in ([[line, -1.0], [line, 1.0]], [[-1.0, line], [1.0, line]]):
            _polyline(image, place(np.array(ends), 0.0), (172, 158, 138), 1)
    _fill(image, place(_cube(target, yaw)[:4, :2], 3 * float(target[2])), TARGET)
    opening = (float(joints[6]) - CLOSED) / (OPEN - CLOSED)
    gap = width * (0.1 + 0.15 * opening)
    for side in (-1, 1):
        inner, outer = centre[0] + side * gap, centre[0] + side * (gap + width * 0.08)
        corners = np.array([[inner, 0.8 * height], [outer, 0.8 * height], [outer, height], [inner, height]])
        _fill(image, corners, GRIPPER)
    return image


def _cube(centre: Vector, yaw: float) -> Vector:
    """The eight corners [8, 3] of the target, top face first."""
    cos, sin = np.cos(yaw) * TARGET_M / 2, np.sin(yaw) * TARGET_M / 2
    base = np.array(
        [[cos - sin, sin + cos], [-cos - sin, -sin + cos], [-cos + sin, -sin - cos], [cos + sin, sin - cos]]
    )
    top = np.column_stack([base, np.full(4, TARGET_M / 2)])
    return np.asarray(np.concatenate([top, top * [1, 1, -1]]) + centre)


def _project(points: Vector, height: int, width: int) -> Vector:
    """Pinhole projection of [n, 3] metres to [n, 2] pixels."""
    forward = (LOOK_AT - EYE) / np.linalg.norm(LOOK_AT - EYE)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    relative = points - EYE
    depth = np.maximum(relative @ forward, 0.05)
    pixels = np.column_stack([relative @ right, relative @ down]) / depth[:, None] * FOCAL * height
    return np.asarray(pixels + np.array([width / 2, height / 2]))


def _hull(points: Vector) -> Vector:
    return np.asarray(cv2.convexHull(points.astype(np.float32))[:, 0], dtype=np.float64)


def _fixed_point(points: Vector) -> NDArray[np.int32]:
    """Sixteenths of a pixel: motion below one pixel stays visible."""
    return np.round(np.clip(points, -4000, 4000) * 16).astype(np.int32)


def _fill(image: Image, points: Vector, colour: tuple[int, ...]) -> None:
    cv2.fillPoly(image, [_fixed_point(points)], colour, cv2.LINE_AA, 4)


def _polyline(image: Image, points: Vector, colour: tuple[int, ...], thickness: int) -> None:
    cv2.polylines(image, [_fixed_point(points)], False, colour, thickness, cv2.LINE_AA, 4)
