from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from vita_dataset.convert import convert
from vita_dataset.errors import DataError
from vita_dataset.inspection import describe, offset_lines, shortened
from vita_dataset.origin import origin
from vita_dataset.robot import parse_robot, read_robot_file
from vita_dataset.robot_template import robot_text
from vita_dataset.sources import open_source
from vita_dataset.spec import VectorSpec
from vita_dataset.survey import survey
from vita_dataset.to_bag import to_bag


def set_action(root, episode, rows):
    path = root / f"data/chunk-000/episode_{episode:06d}.parquet"
    table = pq.read_table(path)
    column = pa.array(rows, pa.list_(pa.float32(), 3))
    pq.write_table(table.set_column(table.column_names.index("action"), "action", column), path)


def test_says_what_a_dataset_holds(record, tmp_path):
    root = record(codec="h264")
    source = open_source(root)
    text = describe(source, survey(source), origin(root, source, hashed=True))
    for part in ("lab/reach (LeRobot v2.1", "2 episodes, 12 steps, 0:01 at 10 Hz", "observation.images.front  32x48"):
        assert part in text
    assert "gripper" in text
    output = convert(root, tmp_path / "out").output
    converted = open_source(output)
    text = describe(converted, survey(converted), origin(output, converted, hashed=False))
    for part in ("converted dataset", "sha256:", "pixels, 0..1", "2 episodes, 12 steps"):
        assert part in text


def test_offsets_of_one_length_share_a_line():
    def offset(steps, between=None, reason=""):
        return {"steps": steps, "correlation": 0.9, "between": between, "reason": reason}

    found = {"a": offset(5), "b": offset(-1), "c": offset(5), "d": offset(None, [1, 9], "slow")}
    assert offset_lines(found, 50.0) == [
        "-1 step (-20 ms): b",
        "5 steps (100 ms): a, c",
        "cannot tell, slow: d (1 to 9 steps)",
    ]


def test_a_long_list_is_cut():
    assert shortened(["a"] * 20) == ["a"] * 20
    assert shortened(["a"] * 30)[20:] == ["and 10 more; the page of 'inspect --html' lists them all"]


def test_the_recorded_content_is_hashed_when_asked(record):
    root = record(codec="h264")
    source = open_source(root)
    assert origin(root, source, hashed=True).fingerprint == source.fingerprint()
    assert origin(root, source, hashed=False).fingerprint == ""
    (root / "videos/chunk-000/observation.images.wrist/episode_000000.mp4").unlink()
    assert origin(root, open_source(root), hashed=True).fingerprint == ""


def test_nan_is_a_warning_here_and_no_failure(record):
    root = record(lengths=(4,))
    set_action(root, 0, [[0, 0, 0], [1, 0, float("nan")], [2, 0, 0], [9, 0, 1]])
    found = survey(open_source(root))
    assert "episode 0: 1 of 4 steps hold NaN or infinity, which convert refuses" in found.report.warnings
    assert "the action never changes in lift" in found.report.warnings
    assert found.action.count == 3
    np.testing.assert_array_equal(found.action_change, [7, 0, 1])
    set_action(root, 0, [[float("nan")] * 3] * 4)
    with pytest.raises(DataError, match="no step of"):
        survey(open_source(root))


def test_a_folder_that_is_neither(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        open_source(tmp_path / "none")
    with pytest.raises(DataError, match="not a LeRobot dataset"):
        open_source(tmp_path)


def test_the_robot_file_holds_the_recorded_motion(record, tmp_path):
    root = record(lengths=(4, 3), cameras=("observation.images.front", "front", "observation.images.3d-cam"))
    set_action(root, 0, [[0, 1, 5], [2, 1, 5], [10, 1, 5], [9, 1, 5]])
    set_action(root, 1, [[0, 1, 5]] * 3)
    source = open_source(root)
    path = tmp_path / "robot.yaml"
    found = survey(source)
    path.write_text(robot_text(source.spec, found))
    robot = read_robot_file(path)
    assert [camera.topic for camera in robot.cameras] == [
        "/front/image_raw",
        "/front_2/image_raw",
        "/camera_3d_cam/image_raw",
    ]
    assert [camera.key for camera in robot.cameras] == [camera.key for camera in source.spec.cameras]
    (arm,) = robot.arms
    assert arm.policy_names == ("pan", "lift", "gripper")
    lowest = np.minimum(found.state.min, found.action.min)
    highest = np.maximum(found.state.max, found.action.max)
    margin = (highest - lowest) / 20
    np.testing.assert_allclose(arm.position_min, lowest - margin, rtol=0, atol=1e-4)
    np.testing.assert_allclose(arm.position_max, highest + margin, rtol=0, atol=1e-4)
    # Joints that were never commanded to move may still be anywhere they were measured, in one step.
    assert arm.max_step[0] == 16.0
    np.testing.assert_allclose(arm.max_step[1:], (1.1 * (highest - lowest))[1:], rtol=0, atol=3e-4)
    parameters = yaml.safe_load(path.read_text())["/**"]["ros__parameters"]
    assert parameters["rate_hz"] == 10.0
    assert parse_robot(parameters) == robot


def test_unnamed_joints_get_numbers(record):
    source = open_source(record(names=None))
    text = robot_text(source.spec, survey(source))
    assert "joints: [joint_0, joint_1, joint_2]" in text


@pytest.mark.parametrize("unnamed", [("observation.state",), ("action",), ("observation.state", "action")])
def test_the_robot_file_of_unnamed_joints_fits(record, edit_info, tmp_path, unnamed):
    root = record(lengths=(4,))
    edit_info(root, lambda info: [info["features"][key].update(names=None) for key in unnamed])
    source = open_source(root)
    path = tmp_path / "robot.yaml"
    path.write_text(robot_text(source.spec, survey(source)))
    assert yaml.safe_load(path.read_text())["/**"]["ros__parameters"]["allow_unnamed_joints"] is True
    assert to_bag(root, 0, path, tmp_path / "bag").messages == 4 * 4


def test_joints_without_a_command_have_no_place_in_a_robot_file(record):
    source = open_source(record())
    found = survey(source)
    wider = VectorSpec("observation.state", 5, ("pan", "lift", "gripper", "e", "f"))
    with pytest.raises(DataError, match=r"\['e', 'f'\] are in one of them only"):
        robot_text(replace(source.spec, state=wider), found)
    with pytest.raises(DataError, match="they have 5 and 3 elements"):
        robot_text(replace(source.spec, state=replace(wider, names=None)), found)
