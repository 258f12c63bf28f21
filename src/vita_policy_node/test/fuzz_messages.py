"""Messages as sound drivers send them, and the ways to break them."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from random import Random
from typing import Any

import cv2
import numpy as np
from fuzz_setup import HEIGHT, WIDTH
from sensor_msgs.msg import CompressedImage, Image, JointState

from vita_policy_node.conversions import to_time

SLOPE = np.add.outer(np.arange(HEIGHT) * 11, np.arange(WIDTH) * 13)
SCENE = (SLOPE[..., None] + np.array([0, 40, 90])).astype(np.uint8)
LARGE = np.tile(SCENE, (20, 20, 1))
JPEG = cv2.imencode(".jpg", SCENE)[1].tobytes()
PNG = cv2.imencode(".png", SCENE)[1].tobytes()
GRAY = cv2.imencode(".png", SCENE[..., 0])[1].tobytes()
DEEP = cv2.imencode(".png", SCENE[..., 0].astype(np.uint16) * 200)[1].tobytes()

Mutation = Callable[[Random, Any], None]


def picture(number: int, stamp_ns: int, compressed: bool) -> Image | CompressedImage:
    """A whole picture; those of different numbers differ."""
    if compressed:
        # The bytes after the end of a JPEG change nothing but make the message another.
        message = CompressedImage(format="jpeg", data=array("B", JPEG + number.to_bytes(4, "big")))
    else:
        pixels = SCENE.copy()
        pixels[0, 0] = (number % 256, number // 256 % 256, 0)
        message = Image(height=HEIGHT, width=WIDTH, encoding="rgb8", step=3 * WIDTH, data=pixels.tobytes())
    message.header.stamp = to_time(stamp_ns)
    return message


def joint_state(names: tuple[str, ...], positions: np.ndarray, stamp_ns: int) -> JointState:
    """A whole joint state."""
    message = JointState(name=list(names), position=array("d", positions))
    message.header.stamp = to_time(stamp_ns)
    return message


def _set(**values: Any) -> Mutation:
    def mutate(rng: Random, message: Any) -> None:
        for name, value in values.items():
            setattr(message, name, value)

    return mutate


def _cut(rng: Random, message: Any) -> None:
    message.data = bytes(message.data)[: rng.randrange(len(message.data) + 1)]


def _garble(rng: Random, message: Any) -> None:
    data = bytearray(message.data)
    for _ in range(rng.randint(1, 40)):
        if data:
            data[rng.randrange(len(data))] = rng.randrange(256)
    message.data = bytes(data)


def _padded_rows(rng: Random, message: Image) -> None:
    message.step = 3 * WIDTH + 2
    message.data = bytes(message.step * HEIGHT)


RAW: dict[str, Mutation] = {
    "wrong width": _set(width=WIDTH + 1),
    "wrong height": _set(height=HEIGHT - 1),
    "no rows": _set(height=0, data=b""),
    "no columns": _set(width=0),
    "huge header": _set(height=2**32 - 1, width=2**32 - 1, step=2**32 - 1),
    "zero step": _set(step=0),
    "wrong step": _set(step=3 * WIDTH + 1),
    "padded rows": _padded_rows,
    "cut": _cut,
    "garbled": _garble,
    "empty": _set(data=b""),
    "encoding unknown": _set(encoding="nonsense"),
    "encoding long": _set(encoding="8" * 5000),
    "encoding empty": _set(encoding=""),
    "encoding deep": _set(encoding="mono16"),
    "encoding wider": _set(encoding="rgba8"),
    "encoding swapped": _set(encoding="bgr8"),
    "big endian": _set(is_bigendian=1),
    "larger": _set(height=20 * HEIGHT, width=20 * WIDTH, step=60 * WIDTH, data=LARGE.tobytes()),
    "blank": _set(data=bytes(3 * HEIGHT * WIDTH)),
    "frozen": _set(data=SCENE.tobytes()),
}
COMPRESSED: dict[str, Mutation] = {
    "cut": _cut,
    "garbled": _garble,
    "empty": _set(data=b""),
    "png": _set(data=PNG, format="png"),
    "gray": _set(data=GRAY),
    "deep": _set(data=DEEP),
    "no picture": _set(data=b"\xff\xd8\xff\xe0 no picture"),
    "format unknown": _set(format="depth; compressedDepth"),
    "format long": _set(data=b"", format="8" * 5000),
    "frozen": _set(data=JPEG),
}


def _value(value: float) -> Mutation:
    def mutate(rng: Random, message: JointState) -> None:
        if message.position:
            message.position[rng.randrange(len(message.position))] = value

    return mutate


def _reordered(rng: Random, message: JointState) -> None:
    order = rng.sample(range(len(message.name)), len(message.name))
    message.name = [message.name[index] for index in order]
    message.position = array("d", [message.position[index] for index in order])


def _renamed(rng: Random, message: JointState) -> None:
    message.name[rng.randrange(len(message.name))] = rng.choice(["", "l1", "r2", "wheel", "l1 ", "x" * 5000])


def _named_twice(rng: Random, message: JointState) -> None:
    message.name.append(rng.choice(message.name))
    message.position.append(rng.uniform(-1, 1))


def _shifted(rng: Random, message: JointState) -> None:
    change = rng.choice([0.05, 0.5, 3.0])
    message.position = array("d", [value + rng.uniform(-change, change) for value in message.position])


def _fewer_positions(rng: Random, message: JointState) -> None:
    message.position = message.position[: rng.randrange(len(message.position))]


def _fewer_joints(rng: Random, message: JointState) -> None:
    left = rng.randrange(len(message.name))
    message.name, message.position = message.name[:left], message.position[:left]


def _others_too(rng: Random, message: JointState) -> None:
    count = rng.choice([1, 1000])
    message.name = [f"other{index}" for index in range(count)] + list(message.name)
    message.position = array("d", [0.0] * count) + message.position


JOINTS: dict[str, Mutation] = {
    "nan": _value(float("nan")),
    "infinite": _value(float("inf")),
    "huge": _value(-1e308),
    "reordered": _reordered,
    "renamed": _renamed,
    "named twice": _named_twice,
    "shifted": _shifted,
    "fewer positions": _fewer_positions,
    "fewer joints": _fewer_joints,
    "others too": _others_too,
    "empty": _set(name=[], position=array("d")),
    "no positions": _set(position=array("d")),
}


def _stamp(sec: int, nanosec: int) -> Mutation:
    def mutate(rng: Random, message: Any) -> None:
        message.header.stamp.sec, message.header.stamp.nanosec = sec, nanosec

    return mutate


def _moved(*seconds: float) -> Mutation:
    def mutate(rng: Random, message: Any) -> None:
        stamp = message.header.stamp
        message.header.stamp = to_time(stamp.sec * 10**9 + stamp.nanosec + round(rng.choice(seconds) * 1e9))

    return mutate


STAMPS: dict[str, Mutation] = {
    "zero": _stamp(0, 0),
    "negative": _stamp(-5, 0),
    "largest": _stamp(2**31 - 1, 2**32 - 1),
    "nanosec too large": _stamp(1, 2**32 - 1),
    "backwards": _moved(-0.001, -0.05, -0.3),
    "long ago": _moved(-0.7, -5.0, -3600.0),
    "ahead": _moved(0.05, 0.3, 3600.0),
}
