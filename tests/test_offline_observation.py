"""One observation in a folder, as the original code's client was tested with: through a bag and the node's replay."""

import json
from pathlib import Path

import cv2
import numpy as np

from vita_dataset.offline_folder import read_offline_folder
from vita_dataset.robot import parse_robot, read_parameters
from vita_dataset.to_bag import to_bag
from vita_policy_node.contract import check_contract
from vita_policy_node.recorded_actions import read_recorded_actions
from vita_policy_node.replay import replay_bag
from vita_policy_node.replay_report import make_report
from vita_policy_node.replay_table import format_table
from vita_policy_node.settings import read_settings
from vita_train.policy.observation import ActionChunk

ROBOT = Path(__file__).resolve().parents[1] / "src/vita_bringup/config/ur12e.yaml"
POSITIONS = {
    "wrist_2_joint": 0.4,  # in an order of its own
    "shoulder_pan_joint": 0.1,
    "shoulder_lift_joint": -1.2,
    "elbow_joint": 1.5,
    "wrist_1_joint": 0.2,
    "wrist_3_joint": -0.3,
    "gripper": 1.0,
}


def test_a_policy_answers_an_observation_out_of_a_folder(tmp_path):
    folder = tmp_path / "offline"
    folder.mkdir()
    (folder / "qpos.csv").write_text(",".join(POSITIONS) + "\n" + ",".join(map(str, POSITIONS.values())) + "\n")
    pictures = np.random.default_rng(0).integers(0, 256, (2, 48, 64, 3), dtype=np.uint8)
    for name, picture in zip(("front;color.png", "wrist_right.png"), pictures, strict=True):
        cv2.imwrite(str(folder / name), picture[..., ::-1])
    to_bag(folder, None, ROBOT, tmp_path / "bag")

    parameters = read_parameters(tmp_path / "bag/robot.yaml")
    robot, settings = parse_robot(parameters), read_settings(parameters)
    spec = read_offline_folder(folder, robot, 30.0).spec
    layout = check_contract(robot, spec, tuple(camera.key for camera in spec.cameras), settings)
    seen = []

    def predict(observed):
        """Lift the elbow by a hundredth."""
        (observation,) = observed
        seen.append(observation)
        actions = np.tile(observation.state, (16, 1))
        actions[:, robot.policy_names.index("elbow_joint")] += 0.01
        return ActionChunk(observation.stamp_ns, layout.period_ns, actions, robot.policy_names)

    result = replay_bag(tmp_path / "bag", layout, settings, predict, 8)
    assert len(result.ticks) == 60
    assert all(tick.command is not None and tick.recorded is not None for tick in result.ticks)
    expected = np.float32([POSITIONS[name] for name in robot.policy_names])
    assert len(seen) == 8
    for observation in seen:
        np.testing.assert_array_equal(observation.state, expected)
        for camera, picture in zip(spec.cameras, pictures, strict=True):
            np.testing.assert_array_equal(observation.images[camera.key], picture)
    recorded = read_recorded_actions(tmp_path / "bag", layout)
    report = make_report(result, np.array(list(recorded.values())), None, {})
    np.testing.assert_allclose(report.policy.mae, 0.01 * (np.array(robot.policy_names) == "elbow_joint"), atol=1e-6)
    assert report.hold.mae.max() == 0
    json.dumps(report.to_dict(), allow_nan=False)
    assert "elbow_joint" in format_table(report)
