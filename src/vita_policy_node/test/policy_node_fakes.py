"""What the tests of this package share: a small robot, its dataset, a checkpoint, messages and a bag."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import Image, JointState

from vita_dataset.robot import Robot, parse_robot, read_parameters
from vita_dataset.spec import CameraSpec, DatasetSpec, SourceSpec, VectorSpec
from vita_dataset.stats import FeatureStats
from vita_policy_node.conversions import to_time
from vita_policy_node.settings import NodeSettings, read_settings
from vita_train.policy.checkpoint import save_checkpoint
from vita_train.policy.config import ActionAutoencoderConfig, FlowNetConfig, VitaConfig
from vita_train.policy.observation import ActionChunk, Observation
from vita_train.policy.vita import VitaPolicy

FPS = 30.0
PERIOD_NS = round(1e9 / FPS)
START_NS = 1_700_000_000_000_000_000
KEYS = ("observation.images.image", "observation.images.wrist")
NAMES = ("shoulder", "elbow", "gripper")
HEIGHT, WIDTH = 32, 40

PARAMETERS = {
    "rate_hz": 30.0,
    "cameras": ["front", "wrist"],
    "camera": {
        "front": {"topic": "/front/image", "key": KEYS[0], "transport": "raw"},
        "wrist": {"topic": "/wrist/image", "key": KEYS[1], "transport": "raw"},
    },
    "arms": ["arm"],
    "arm": {
        "arm": {
            "joints": ["j1", "j2", "grip"],
            "policy_names": list(NAMES),
            "state_topic": "/arm/joint_states",
            "command_topic": "/arm/joint_trajectory",
            "position_min": [-3.0, -3.0, 0.0],
            "position_max": [3.0, 3.0, 1.0],
            "max_step": [0.05, 0.05, 0.2],
        }
    },
}


def robot() -> Robot:
    return parse_robot(PARAMETERS)


def settings(**changes: object) -> NodeSettings:
    return read_settings({"rate_hz": FPS, **changes})


def robot_at(fps: float) -> Robot:
    """The same arm with the same speeds, commanded at another rate."""
    arm = PARAMETERS["arm"]["arm"]
    steps = [step * FPS / fps for step in arm["max_step"]]
    return parse_robot({**PARAMETERS, "rate_hz": fps, "arm": {"arm": {**arm, "max_step": steps}}})


def spec(**changes: object) -> DatasetSpec:
    values = {
        "repo_id": "test/arm",
        "fps": FPS,
        "cameras": tuple(CameraSpec(key, HEIGHT, WIDTH) for key in KEYS),
        "state": VectorSpec("observation.state", 3, NAMES),
        "action": VectorSpec("action", 3, NAMES),
        "source": SourceSpec("recording", "v2.1", "0"),
    }
    return DatasetSpec(**{**values, **changes})


def write_robot_file(path: Path, **changes: object) -> Path:
    path.write_text(yaml.safe_dump({"/**": {"ros__parameters": {**PARAMETERS, **changes}}}), encoding="utf-8")
    assert read_parameters(path)
    return path


def pixels(stamp_ns: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """A picture as a camera sees one: it shows something, and no two are equal. uint8 [height, width, 3]."""
    rows, columns = np.mgrid[:height, :width]
    scene = np.stack([rows, columns, rows + columns], axis=2) % 200
    scene[0, 0] = [stamp_ns // PERIOD_NS % 256, stamp_ns // 1000 % 256, stamp_ns // 256_000 % 256]
    return scene.astype(np.uint8)


def image(stamp_ns: int, height: int = HEIGHT, width: int = WIDTH, encoding: str = "rgb8") -> Image:
    message = Image(height=height, width=width, encoding=encoding, step=3 * width)
    message.data = pixels(stamp_ns, height, width).tobytes()
    message.header.stamp = to_time(stamp_ns)
    return message


def joint_state(
    stamp_ns: int, positions: tuple[float, ...] = (0.0, 0.0, 0.5), names: tuple[str, ...] = ()
) -> JointState:
    message = JointState(name=list(names or ("j1", "j2", "grip")), position=array("d", positions))
    message.header.stamp = to_time(stamp_ns)
    return message


def wave(step: int) -> tuple[float, float, float]:
    """A smooth recorded pose: the action of step t is the pose of step t + 3."""
    return (0.5 * np.sin(step / 20), 0.3 * np.cos(step / 25), 0.5 + 0.4 * np.sin(step / 30))


def oracle(observed: Sequence[Observation]) -> ActionChunk:
    """A fake policy that knows the recording, from the newest observation's time alone."""
    stamp_ns = observed[-1].stamp_ns
    first = round((stamp_ns - START_NS) / PERIOD_NS)
    actions = np.array([wave(first + step + 3) for step in range(16)], dtype=np.float32)
    return ActionChunk(stamp_ns, PERIOD_NS, actions, NAMES, inference_ns=1_000_000)


def still(observed: Sequence[Observation]) -> ActionChunk:
    """A fake policy that keeps the measured pose."""
    observation = observed[-1]
    return ActionChunk(observation.stamp_ns, PERIOD_NS, np.tile(observation.state, (16, 1)), NAMES)


def write_bag(path: Path, steps: int = 60, storage: StoragePlugin = StoragePlugin.MCAP, skip: str = "") -> Path:
    """A recording of ``wave``: both cameras, joint states, actions and commands; without the topic ``skip``."""
    store = get_typestore(Stores.LATEST)
    types = store.types
    topics = {
        "/front/image": "sensor_msgs/msg/Image",
        "/wrist/image": "sensor_msgs/msg/Image",
        "/arm/joint_states": "sensor_msgs/msg/JointState",
        "/recorded/action": "sensor_msgs/msg/JointState",
        "/arm/joint_trajectory": "trajectory_msgs/msg/JointTrajectory",
    }

    def header(stamp_ns: int) -> object:
        stamp = types["builtin_interfaces/msg/Time"](stamp_ns // 10**9, stamp_ns % 10**9)
        return types["std_msgs/msg/Header"](stamp=stamp, frame_id="")

    def joints(stamp_ns: int, names: tuple[str, ...], values: tuple[float, ...]) -> object:
        nothing = np.zeros(0)
        position = np.array(values, dtype=np.float64)
        return types["sensor_msgs/msg/JointState"](header(stamp_ns), list(names), position, nothing, nothing)

    def trajectory(stamp_ns: int, values: tuple[float, ...]) -> object:
        nothing = np.zeros(0)
        duration = types["builtin_interfaces/msg/Duration"](0, PERIOD_NS)
        positions = np.array(values, dtype=np.float64)
        point = types["trajectory_msgs/msg/JointTrajectoryPoint"](positions, nothing, nothing, nothing, duration)
        return types["trajectory_msgs/msg/JointTrajectory"](header(stamp_ns), ["j1", "j2", "grip"], [point])

    with Writer(path, version=9, storage_plugin=storage) as writer:
        connections = {
            topic: writer.add_connection(topic, kind, typestore=store)
            for topic, kind in topics.items()
            if topic != skip
        }
        for step in range(steps):
            stamp = START_NS + step * PERIOD_NS
            seen = pixels(stamp).reshape(-1)
            picture = types["sensor_msgs/msg/Image"](header(stamp), HEIGHT, WIDTH, "rgb8", 0, 3 * WIDTH, seen)
            messages = {
                "/front/image": picture,
                "/wrist/image": picture,
                "/arm/joint_states": joints(stamp, ("j1", "j2", "grip"), wave(step)),
                "/recorded/action": joints(stamp, NAMES, wave(step + 3)),
                "/arm/joint_trajectory": trajectory(stamp, wave(step + 3)),
            }
            for topic, connection in connections.items():
                data = store.serialize_cdr(messages[topic], topics[topic])
                writer.write(connection, stamp, data)
    write_robot_file(path / "robot.yaml")
    return path


def write_checkpoint(folder: Path, dataset: DatasetSpec | None = None, **changes: Any) -> Path:
    """A policy with random weights whose actions stay near the middle of the joints' ranges."""
    dataset = dataset or spec()
    config = VitaConfig(
        image_keys=tuple(camera.key for camera in dataset.cameras),
        state_dim=dataset.state.dim,
        action_dim=dataset.action.dim,
        resize_shape=(HEIGHT, WIDTH),
        crop_shape=(30, 38),
        latent_dim=32,
        flow_net=FlowNetConfig(hidden_dim=32, num_layers=1),
        action_ae=ActionAutoencoderConfig(enc_hidden_dim=32, dec_hidden_dim=32),
        **changes,
    )
    torch.manual_seed(0)
    policy = VitaPolicy(config, stats(dataset))
    path = folder / "step_0000000010"
    save_checkpoint(path, policy, dataset, stats(dataset), step=10, git_revision="test")
    return path


def stats(dataset: DatasetSpec) -> dict[str, FeatureStats]:
    def feature(shape: tuple[int, ...], mean: float) -> FeatureStats:
        return FeatureStats(np.full(shape, mean), np.full(shape, 0.1), np.zeros(shape), np.ones(shape), 100)

    return {
        **{camera.key: feature((3, 1, 1), 0.4) for camera in dataset.cameras},
        "observation.state": feature((dataset.state.dim,), 0.5),
        "action": feature((dataset.action.dim,), 0.5),
    }
