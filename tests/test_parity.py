"""The same pixels, joint order and scale in training and on the robot: what the converter stored, what a bag brings
to the node, and what the network makes of either."""

from pathlib import Path

import numpy as np
import pytest
import torch

from vita_dataset.convert import convert
from vita_dataset.robot import parse_robot, read_parameters
from vita_dataset.sample import write_sample
from vita_dataset.to_bag import to_bag
from vita_dataset.zarr_store import open_dataset
from vita_policy_node.bag import read_bag
from vita_policy_node.contract import check_contract
from vita_policy_node.conversions import stamp_ns
from vita_policy_node.observation_builder import build_observation
from vita_policy_node.observation_sync import MatchedSet
from vita_policy_node.settings import read_settings
from vita_train.policy.checkpoint import save_checkpoint
from vita_train.policy.config import VitaConfig
from vita_train.policy.inference import load_policy
from vita_train.policy.vita import VitaPolicy

ROBOT = Path(__file__).resolve().parents[1] / "src/vita_bringup/config/ur12e.yaml"
STORED = (48, 64)  # half of what the cameras send, so that the resize is part of the comparison
STEPS = 10
KINDS = {"raw": "sensor_msgs/msg/Image", "joint_state": "sensor_msgs/msg/JointState"}


@pytest.fixture(scope="module")
def robot_side(tmp_path_factory):
    """One recording, converted with a resize, and played from a bag: the training set and the node's observations."""
    folder = tmp_path_factory.mktemp("parity")
    recording = folder / "ur12e" / "sample"
    write_sample(recording, episodes=2, steps=STEPS, size=(96, 128))
    dataset = open_dataset(convert(recording, folder / "sets", resize=STORED).output)
    to_bag(recording, 1, ROBOT, folder / "bag")
    parameters = read_parameters(ROBOT)
    keys = tuple(camera.key for camera in dataset.spec.cameras)
    layout = check_contract(parse_robot(parameters), dataset.spec, keys, read_settings(parameters))
    observations = [build_observation(layout, matched) for matched in matched_sets(folder / "bag", layout)]
    return dataset, observations


def matched_sets(bag, layout):
    topics = [stream.topic for stream in layout.streams]
    by_stamp = {}
    for item in read_bag(bag, {stream.topic: KINDS[stream.kind] for stream in layout.streams}):
        by_stamp.setdefault(stamp_ns(item.message), {})[item.topic] = item.message
    return [
        MatchedSet(stamp, tuple(reorder(messages[topic]) for topic in topics)) for stamp, messages in by_stamp.items()
    ]


def reorder(message):
    """A driver may list its joints in any order."""
    if hasattr(message, "name"):
        message.position = list(message.position)[::-1]
        message.name = list(message.name)[::-1]
    return message


def test_the_node_sees_the_pixels_that_the_trainer_sees(robot_side):
    dataset, observations = robot_side
    assert len(observations) == STEPS
    for camera in dataset.spec.cameras:
        stored = dataset.read_frames(camera.key, np.arange(STEPS, 2 * STEPS))
        seen = np.stack([observation.images[camera.key] for observation in observations])
        assert seen.shape == (STEPS, *STORED, 3)
        np.testing.assert_array_equal(seen, stored)


def test_the_node_sees_the_state_that_the_trainer_sees(robot_side):
    dataset, observations = robot_side
    seen = np.stack([observation.state for observation in observations])
    np.testing.assert_array_equal(seen, dataset.state[STEPS:])
    assert seen.dtype == np.float32


def test_the_network_answers_both_alike(robot_side, tmp_path):
    dataset, observations = robot_side
    torch.manual_seed(0)
    spec = dataset.spec
    config = VitaConfig(
        image_keys=tuple(camera.key for camera in spec.cameras),
        state_dim=spec.state.dim,
        action_dim=spec.action.dim,
        resize_shape=STORED,
        crop_shape=(44, 60),
    )
    policy = VitaPolicy(config, dataset.stats).eval()
    save_checkpoint(tmp_path / "step_0000000001", policy, spec, dataset.stats, step=1)
    served = load_policy(tmp_path)
    step = STEPS + 3
    batch = {key: torch.from_numpy(dataset.read_frames(key, [step])[None]) for key in config.image_keys}
    with torch.inference_mode():
        trained = policy.predict(batch, torch.from_numpy(dataset.state[None, step : step + 1]))[0].numpy()
    chunk = served.predict_chunk(observations[3])
    np.testing.assert_allclose(chunk.actions, trained, rtol=0, atol=1e-6)
    assert chunk.names == spec.action.names
    assert chunk.stamp_ns == observations[3].stamp_ns
