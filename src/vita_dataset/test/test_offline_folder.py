import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vita_dataset import cli_bags
from vita_dataset.bag_reader import open_bag, stamp_ns
from vita_dataset.errors import DataError, UsageError
from vita_dataset.from_bag import from_bag
from vita_dataset.lerobot_reader import LeRobotDataset
from vita_dataset.offline_folder import is_offline_folder, read_offline_folder
from vita_dataset.robot import parse_robot, read_robot_file
from vita_dataset.to_bag import to_bag

IMAGE = np.random.default_rng(3).integers(0, 256, (24, 32, 3), dtype=np.uint8)


@pytest.fixture
def robot_file(robot_file):
    """The robot of the recordings with a rate and raw pictures."""
    text = robot_file.read_text().replace(", transport: compressed", "")
    robot_file.write_text(text.replace("    cameras:", "    rate_hz: 10.0\n    cameras:", 1))
    return robot_file


@pytest.fixture
def folder(tmp_path):
    """As the client of the original code took it: columns in another order than the robot file's."""
    path = tmp_path / "offline"
    path.mkdir()
    (path / "qpos.csv").write_text("gripper,pan,lift\n1.0,0.25,-0.5\n")
    cv2.imwrite(str(path / "front;color.png"), IMAGE[..., ::-1])
    cv2.imwrite(str(path / "wrist.png"), IMAGE[::-1, :, ::-1])
    return path


def test_the_bag_shows_the_observation_for_two_seconds(folder, robot_file, tmp_path):
    result = to_bag(folder, None, robot_file, tmp_path / "bag")
    assert result.messages == 20 * 5
    assert result.notes == (
        "one observation, which the bag shows for 2 s: 20 steps at 10 Hz",
        "no action was recorded, so the recorded action is to stay where the robot is",
    )
    with open_bag(tmp_path / "bag") as bag:
        found = list(bag.messages(set(bag.topics)))
    for step in range(20):
        items = {item.topic: item.message for item in found[5 * step : 5 * step + 5]}
        stamps = {stamp_ns(message) for message in items.values()}
        assert [stamp - stamp_ns(found[0].message) for stamp in stamps] == [step * 10**8]
        np.testing.assert_array_equal(items["/front/image"].data.reshape(24, 32, 3), IMAGE)
        np.testing.assert_array_equal(items["/wrist/image"].data.reshape(24, 32, 3), IMAGE[::-1])
        assert items["/base/joint_states"].name == ["lift_joint", "pan_joint"]
        assert items["/base/joint_states"].position.tolist() == [-0.5, 0.25]
        assert items["/hand/joint_states"].position.tolist() == [1.0]
        assert items["/recorded/action"].name == ["lift", "pan", "gripper"]
        assert items["/recorded/action"].position.tolist() == [-0.5, 0.25, 1.0]


def test_columns_may_have_the_names_of_the_messages(folder, robot_file):
    (folder / "qpos.csv").write_text('\ufeff"pan_joint", lift_joint ,gripper,time,\n0.25,-0.5,1,12:00,\n\n9,9,9,9,\n')
    cv2.imwrite(str(folder / "front;depth.png"), IMAGE)
    found = read_offline_folder(folder, read_robot_file(robot_file), 10.0)
    np.testing.assert_array_equal(found.episode.table.state, np.tile(np.float32([-0.5, 0.25, 1.0]), (20, 1)))
    assert found.notes[1:-1] == (
        "qpos.csv: lines left out after the first positions, which the pictures show: 1",
        "qpos.csv: columns left out, which no arm of the robot file has: ['time']",
        "pictures left out, which no camera of the robot file has: ['front;depth.png']",
    )


def test_frames_are_given_in_ranges(folder, robot_file):
    frames = read_offline_folder(folder, read_robot_file(robot_file), 10.0).episode.frames["observation.images.front"]
    assert [len(list(frames(*wanted))) for wanted in ((), (5,), (18, 20), (20, 20))] == [20, 15, 2, 0]
    with pytest.raises(IndexError):
        next(frames(5, 21))


def test_all_that_does_not_fit_is_listed(folder, robot_file):
    (folder / "qpos.csv").write_text("gripper,pan,elbow\n1.0,0.25,-0.5\n")
    (folder / "wrist.png").write_bytes(b"no picture")
    (folder / "front;color.png").rename(folder / "head;color.png")
    with pytest.raises(DataError) as caught:
        read_offline_folder(folder, read_robot_file(robot_file), 10.0)
    for part in (
        "must name each of ['lift'] once, but names ['gripper', 'pan', 'elbow']",
        "camera 'front' needs 'front;color.png' or 'front.png', but the folder has none of them, only ['head;color",
        "'wrist.png' is no whole picture",
    ):
        assert part in str(caught.value)
    cv2.imwrite(str(folder / "front;color.png"), IMAGE)
    cv2.imwrite(str(folder / "front.png"), IMAGE)
    with pytest.raises(DataError, match=r"camera 'front' needs .* has both"):
        read_offline_folder(folder, read_robot_file(robot_file), 10.0)


def test_arms_with_the_same_joint_names_need_policy_names(folder, tmp_path):
    arm = {"joints": ["j"], "position_min": [0.0], "position_max": [1.0], "max_step": [0.1]}
    arms = {
        side: {**arm, "policy_names": [f"{side}_j"], "state_topic": f"/{side}/state", "command_topic": f"/{side}/go"}
        for side in ("left", "right")
    }
    camera = {"front": {"topic": "/front", "key": "front"}}
    robot = parse_robot({"cameras": ["front"], "camera": camera, "arms": ["left", "right"], "arm": arms})
    (folder / "qpos.csv").write_text("right_j,left_j\n2,1\n")
    assert read_offline_folder(folder, robot, 10.0).episode.table.state[0].tolist() == [1.0, 2.0]
    (folder / "qpos.csv").write_text("j,j\n2,1\n")
    with pytest.raises(DataError, match=r"must name each of \['left_j', 'right_j'\] once"):
        read_offline_folder(folder, robot, 10.0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has 0 lines"),
        (b"pan,lift,gripper\n", "has 1 lines"),
        (b"pan,lift,gripper\n1,2\n", "3 names but 2 positions"),
        (b"pan,lift,gripper\n1,2,open\n", "'open' in column 'gripper'"),
        (b"pan,lift,gripper\n1,2,nan\n", "element 'gripper', but must be finite"),
        (b"pan,lift,gripper\n1,2,1e300\n", "element 'gripper', but must be finite"),
        (b"0.1,0.2,0.3\n1,2,3\n", r"must name each of .* but names \['0.1', '0.2', '0.3'\]"),
        (b"pan;lift;gripper\n1;2;3\n", r"but names \['pan;lift;gripper'\]"),
        (b"\xff\xfe\n1\n", "cannot be read"),
        (b'"pan\n' + b"x" * 200_000 + b"\n", "no table of comma-separated values"),
        (None, "'.*qpos.csv' is missing"),
    ],
)
def test_tables_that_are_refused(folder, robot_file, tmp_path, content, message):
    (folder / "qpos.csv").unlink()
    if content is not None:
        (folder / "qpos.csv").write_bytes(content)
    assert is_offline_folder(folder)
    with pytest.raises(DataError, match=message):
        to_bag(folder, None, robot_file, tmp_path / "bag")
    assert not (tmp_path / "bag").exists()


def test_a_picture_too_large_for_any_camera_is_refused(folder, robot_file):
    def part(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    size = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    pixels = part(b"IDAT", zlib.compress(b""))
    (folder / "wrist.png").write_bytes(b"\x89PNG\r\n\x1a\n" + part(b"IHDR", size) + pixels + part(b"IEND", b""))
    with pytest.raises(DataError, match=r"'wrist\.png' is no whole picture"):
        read_offline_folder(folder, read_robot_file(robot_file), 10.0)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet='panlift,gripper"\n\r;.0123456789e-+ \t\x00é', max_size=80))
def test_any_table_is_read_or_refused(folder, robot_file, text):
    (folder / "qpos.csv").write_text(f"gripper,pan,lift\n{text}", encoding="utf-8")
    try:
        table = read_offline_folder(folder, read_robot_file(robot_file), 10.0).episode.table
    except DataError:
        return
    assert table.state.shape == (20, 3)


def test_the_arguments(folder, robot_file, record, tmp_path, capsys):
    with pytest.raises(UsageError, match="has no episodes; leave --episode out"):
        to_bag(folder, 0, robot_file, tmp_path / "bag")
    with pytest.raises(DataError, match="overlaps"):
        to_bag(folder, None, robot_file, folder / "bag")
    recording = record()
    assert not is_offline_folder(recording)
    with pytest.raises(UsageError, match="has episodes 0 to 1; choose one with --episode"):
        to_bag(recording, None, robot_file, tmp_path / "bag")
    arguments = ["-r", str(folder), "--config", str(robot_file), "--out", str(tmp_path / "bag")]
    assert cli_bags.to_bag(arguments) == 0
    shown = capsys.readouterr()
    assert "100 messages" in shown.out
    assert "note: no action was recorded" in shown.out
    robot_file.write_text(robot_file.read_text().replace("    rate_hz: 10.0\n", ""))
    assert cli_bags.to_bag([*arguments, "--overwrite"]) == 1
    assert "'rate_hz' must be" in capsys.readouterr().err


def test_it_comes_back_from_the_bag(folder, robot_file, tmp_path):
    to_bag(folder, None, robot_file, tmp_path / "bag", storage="sqlite3")
    from_bag([tmp_path / "bag"], robot_file, tmp_path / "back", codec="images")
    episode = LeRobotDataset(tmp_path / "back").episode(0)
    np.testing.assert_array_equal(episode.table.state, np.tile(np.float32([-0.5, 0.25, 1.0]), (20, 1)))
    np.testing.assert_array_equal(episode.table.action, episode.table.state)
    np.testing.assert_array_equal(list(episode.frames["observation.images.wrist"]()), [IMAGE[::-1]] * 20)
