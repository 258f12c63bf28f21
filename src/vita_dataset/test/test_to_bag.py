import sqlite3

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rosbags.highlevel import AnyReader

from vita_dataset.bag_writer import EPOCH_NS
from vita_dataset.convert import convert
from vita_dataset.errors import DataError, UsageError
from vita_dataset.robot import read_robot_file
from vita_dataset.to_bag import to_bag
from vita_dataset.video_encoder import encode_video


def messages(bag):
    """topic -> [(bag time, message)]."""
    found = {}
    with AnyReader([bag]) as reader:
        for connection, time_ns, data in reader.messages():
            found.setdefault(connection.topic, []).append((time_ns, reader.deserialize(data, connection.msgtype)))
    return found


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_the_bag_holds_the_episode(record, robot_file, tmp_path, storage):
    root = record(lengths=(5, 7))
    assert to_bag(root, 1, robot_file, tmp_path / "bag", storage=storage).messages == 7 * 5
    found = messages(tmp_path / "bag")
    assert set(found) == {
        "/front/image",
        "/wrist/image",
        "/base/joint_states",
        "/hand/joint_states",
        "/recorded/action",
    }
    table = pq.read_table(root / "data/chunk-000/episode_000001.parquet")
    for topic, entries in found.items():
        assert len(entries) == 7
        for step, (time_ns, message) in enumerate(entries):
            stamp = message.header.stamp
            assert stamp.sec * 10**9 + stamp.nanosec == time_ns, topic
            assert abs(time_ns - EPOCH_NS - step * 10**8) < 1000
    state, action = table["observation.state"].to_pylist(), table["action"].to_pylist()
    for step in range(7):
        base, hand, recorded = (
            found[topic][step][1] for topic in ("/base/joint_states", "/hand/joint_states", "/recorded/action")
        )
        assert base.name == ["lift_joint", "pan_joint"]
        np.testing.assert_array_equal(base.position, [state[step][1], state[step][0]])
        np.testing.assert_array_equal(hand.position, state[step][2:])
        assert recorded.name == ["pan", "lift", "gripper"]
        np.testing.assert_array_equal(recorded.position, action[step])
        image = found["/front/image"][step][1]
        assert (image.encoding, image.height, image.width, image.step) == ("rgb8", 32, 48, 144)
        np.testing.assert_array_equal(image.data.reshape(32, 48, 3)[5, 5], [100, 40, 20 + 15 * step])
        jpeg = found["/wrist/image"][step][1]
        assert "jpeg" in jpeg.format
        decoded = cv2.imdecode(jpeg.data, cv2.IMREAD_COLOR)[5, 5, ::-1].astype(int)
        np.testing.assert_allclose(decoded, [100, 140, 20 + 15 * step], atol=4)
    assert (tmp_path / "bag" / "robot.yaml").read_text() == robot_file.read_text()
    assert (tmp_path / "bag" / f"bag.{ {'mcap': 'mcap', 'sqlite3': 'db3'}[storage] }").is_file()


def test_compressed_says_so_in_the_kept_robot_file(record, robot_file, tmp_path):
    to_bag(record(), 0, robot_file, tmp_path / "bag", compressed=True)
    kept, given = read_robot_file(tmp_path / "bag" / "robot.yaml"), read_robot_file(robot_file)
    assert [camera.transport for camera in kept.cameras] == ["compressed"] * 2
    assert kept.arms == given.arms
    with AnyReader([tmp_path / "bag"]) as reader:
        assert reader.topics["/front/image"].msgtype == "sensor_msgs/msg/CompressedImage"


def test_a_converted_dataset_gives_the_same_bag(record, robot_file, tmp_path):
    root = record(codec="h264")
    to_bag(root, 1, robot_file, tmp_path / "one")
    to_bag(convert(root, tmp_path / "out").output, 1, robot_file, tmp_path / "two")
    with AnyReader([tmp_path / "one"]) as one, AnyReader([tmp_path / "two"]) as two:
        pairs = [[(c.topic, t, bytes(d)) for c, t, d in reader.messages()] for reader in (one, two)]
    assert sorted(pairs[0]) == sorted(pairs[1])


def test_arms_may_share_a_topic(record, robot_file, tmp_path):
    robot_file.write_text(robot_file.read_text().replace("/hand/joint_states", "/base/joint_states"))
    to_bag(record(), 0, robot_file, tmp_path / "bag")
    found = messages(tmp_path / "bag")["/base/joint_states"]
    assert len(found) == 5
    assert found[0][1].name == ["lift_joint", "pan_joint", "gripper"]


def test_every_mismatch_is_listed(record, robot_file, tmp_path):
    text = robot_file.read_text().replace("[gripper]", "[grip]").replace("images.front}", "images.side}")
    robot_file.write_text(text)
    with pytest.raises(DataError) as caught:
        to_bag(record(), 0, robot_file, tmp_path / "bag")
    for part in ("'observation.images.side'", "no joint ['grip']", "no arm has the state's ['gripper']"):
        assert part in str(caught.value)
    assert not (tmp_path / "bag").exists()


def test_unnamed_joints_need_a_word(record, robot_file, tmp_path):
    root = record(names=None)
    with pytest.raises(DataError, match="--allow-unnamed-joints"):
        to_bag(root, 0, robot_file, tmp_path / "bag")
    to_bag(root, 0, robot_file, tmp_path / "bag", allow_unnamed_joints=True)
    found = messages(tmp_path / "bag")
    assert found["/recorded/action"][0][1].name == ["lift", "pan", "gripper"]
    text = robot_file.read_text()
    for word in ("true", "1"):
        robot_file.write_text(text.replace("    cameras:", f"    allow_unnamed_joints: {word}\n    cameras:", 1))
        if word == "true":
            to_bag(root, 0, robot_file, tmp_path / "second")
    with pytest.raises(DataError, match="must be true or false, but is 1"):
        to_bag(root, 0, robot_file, tmp_path / "third")


def test_an_unnamed_action_needs_a_word_too(record, robot_file, tmp_path, edit_info):
    """The order of the state's names says nothing of it."""
    root = record()
    edit_info(root, lambda info: info["features"]["action"].update(names=None))
    with pytest.raises(DataError, match=r"does not name the 3 elements of 'action' .*--allow-unnamed-joints"):
        to_bag(root, 0, robot_file, tmp_path / "bag")
    to_bag(root, 0, robot_file, tmp_path / "bag", allow_unnamed_joints=True)
    assert messages(tmp_path / "bag")["/recorded/action"][0][1].name == ["lift", "pan", "gripper"]


@pytest.mark.parametrize("topic", ["/front/image", "/hand/joint_states"])
def test_the_topic_of_the_actions_is_kept_for_them(record, robot_file, tmp_path, topic):
    robot_file.write_text(robot_file.read_text().replace(topic, "/recorded/action"))
    with pytest.raises(DataError, match="'/recorded/action' is kept for the recorded actions"):
        to_bag(record(), 0, robot_file, tmp_path / "bag")


def test_a_full_disk_under_sqlite(record, robot_file, tmp_path, monkeypatch):
    def full(*_arguments):
        raise sqlite3.OperationalError("database or disk is full")

    root = record()
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr("rosbags.rosbag2.storage_sqlite3.Sqlite3Writer.write", full)
    with pytest.raises(DataError, match=r"disk is full\); free some space"):
        to_bag(root, 0, robot_file, tmp_path / "bag", storage="sqlite3")
    assert sorted(tmp_path.iterdir()) == before


def test_clock_times_become_times_since_the_start(record, robot_file, tmp_path):
    root = record(lengths=(4,))
    path = root / "data/chunk-000/episode_000000.parquet"
    table = pq.read_table(path)
    stamps = pa.array(1.7e9 + np.arange(4) / 10)
    pq.write_table(table.set_column(table.column_names.index("timestamp"), "timestamp", stamps), path)
    to_bag(root, 0, robot_file, tmp_path / "bag")
    assert messages(tmp_path / "bag")["/front/image"][0][0] == EPOCH_NS


def put_nan(root):
    path = root / "data/chunk-000/episode_000000.parquet"
    table = pq.read_table(path)
    state = pa.array([[0.0, float("inf"), 0.0]] * 5, pa.list_(pa.float32(), 3))
    position = table.column_names.index("observation.state")
    pq.write_table(table.set_column(position, "observation.state", state), path)


def lengthen_video(root):
    path = root / "videos/chunk-000/observation.images.front/episode_000000.mp4"
    encode_video(path, [np.zeros((32, 48, 3), np.uint8)] * 6, 10.0)


@pytest.mark.parametrize(("damage", "message"), [(put_nan, "element 'lift'"), (lengthen_video, "more frames")])
def test_damage_leaves_no_bag(record, robot_file, tmp_path, damage, message):
    root = record(codec="h264")
    damage(root)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(DataError, match=message):
        to_bag(root, 0, robot_file, tmp_path / "bag")
    assert sorted(tmp_path.iterdir()) == before


def test_existing_folders(record, robot_file, tmp_path):
    root = record()
    to_bag(root, 0, robot_file, tmp_path / "bag")
    with pytest.raises(UsageError, match="--overwrite"):
        to_bag(root, 0, robot_file, tmp_path / "bag")
    to_bag(root, 1, robot_file, tmp_path / "bag", overwrite=True)
    assert len(messages(tmp_path / "bag")["/front/image"]) == 7
    with pytest.raises(DataError, match="overlaps"):
        to_bag(root, 0, robot_file, root / "bag")
    with pytest.raises(DataError, match="something else"):
        to_bag(root, 0, robot_file, record("x/y"), overwrite=True)
    robots_own = tmp_path / "bag/metadata.yaml"
    robots_own.write_text(robots_own.read_text().replace("written_by: vita_dataset to_bag", "written_by: me"))
    with pytest.raises(DataError, match="something else"):
        to_bag(root, 0, robot_file, tmp_path / "bag", overwrite=True)
    with pytest.raises(DataError, match="episodes 0 to 1"):
        to_bag(root, 9, robot_file, tmp_path / "other")
    with pytest.raises(UsageError, match="--storage"):
        to_bag(root, 0, robot_file, tmp_path / "other", storage="zip")
