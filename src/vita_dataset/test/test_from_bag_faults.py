"""What ``from_bag`` refuses: one sentence that names the thing, and nothing is written."""

import numpy as np
import pytest
from from_bag_bags import ROBOT_TEXT, START_NS, STEP_NS, entry, episode, image, joints, step_entries, trajectory, write
from rosbags.rosbag2 import StoragePlugin

from vita_dataset.errors import DataError, UsageError
from vita_dataset.from_bag import from_bag


@pytest.fixture
def robot(tmp_path):
    path = tmp_path / "arm.yaml"
    path.write_text(ROBOT_TEXT)
    return path


def without(*topics):
    return [found for found in episode(range(12)) if found[1] not in topics]


def changed(topic, step, message):
    found = episode(range(12))
    place = [index for index, item in enumerate(found) if item[1] == topic][step]
    found[place] = entry(topic, message, found[place][0])
    return found


NOW = START_NS + 5 * STEP_NS
FAULTS = {
    "topics": (without("/front/image", "/joint_states"), r"/front/image.* is missing; topic '/joint_states'.* missing"),
    "type": (
        [
            entry("/front/image", joints(found[0])) if found[1] == "/front/image" else found
            for found in episode(range(12))
        ],
        r"\(sensor_msgs/msg/Image\) has type sensor_msgs/msg/JointState",
    ),
    "action": (
        without("/base/command", "/hand/command"),
        r"'/base/command'.* missing; topic '/hand/command'.* missing.*'/recorded/action'",
    ),
    "half an action": (without("/hand/command"), r"'/hand/command' .* is missing"),
    "unnamed joint": (
        changed("/joint_states", 5, joints(NOW, gripper=0.0, pan_joint=0.0)),
        r"'/joint_states' must name each of \['lift_joint'\] once",
    ),
    "lengths": (
        changed("/hand/command", 5, trajectory(NOW, ["gripper"], [])),
        "'/hand/command' has 1 names but 0 positions",
    ),
    "nan": (
        changed("/joint_states", 5, joints(NOW, gripper=np.nan, pan_joint=0.0, lift_joint=0.0)),
        "the state of episode 0 .* is nan at step 5, element 'gripper'",
    ),
    "too large": (
        changed("/hand/command", 5, trajectory(NOW, ["gripper"], [1e300])),
        "the action of episode 0 .* is inf at step 5, element 'gripper'",
    ),
    "size": (changed("/front/image", 5, image(NOW, 0, (16, 32))), "16x32 .* 'front' began with 16x24"),
    "encoding": (
        changed("/front/image", 5, image(NOW, 0, encoding="16UC1")),
        "topic '/front/image' of bag .* encoding '16UC1'",
    ),
    "unmatched": (
        [found for step in range(12) for found in step_entries(step, joint_delay_ns=40_000_000)],
        r"no matched set.* camera 'front' 12 \(0 refused\), joint state '/joint_states' 12",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_named_and_leave_nothing(robot, tmp_path, fault):
    entries, message = FAULTS[fault]
    bag = write(tmp_path / "bag", entries)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(DataError, match=message) as caught:
        from_bag([bag], robot, tmp_path / "out", codec="images")
    assert str(bag) in str(caught.value)
    assert sorted(tmp_path.iterdir()) == before


def test_a_video_needs_even_sides(robot, tmp_path):
    entries = [
        (found[0], found[1], found[2], image(found[0], 0, (15, 24))) if found[1] == "/front/image" else found
        for found in episode(range(12))
    ]
    bag = write(tmp_path / "bag", entries)
    with pytest.raises(DataError, match=r"15x24 of 'observation.images.front', but .* add --codec images"):
        from_bag([bag], robot, tmp_path / "out")
    assert from_bag([bag], robot, tmp_path / "out", codec="images").steps == 12


def test_a_message_stays_short_however_many_pieces_are_left_out(robot, tmp_path):
    bag = write(tmp_path / "bag", [found for step in range(0, 400, 20) for found in step_entries(step)])
    with pytest.raises(DataError, match="; and so on, 20 reasons; record longer ones") as caught:
        from_bag([bag], robot, tmp_path / "out")
    assert str(caught.value).count("is left out") == 3


def test_pictures_are_no_actions(robot, tmp_path):
    bag = write(tmp_path / "bag", episode(range(12)))
    with pytest.raises(DataError, match=r"'/front/image' \(sensor_msgs/msg/JointState or .* has type .*Image"):
        from_bag([bag], robot, tmp_path / "out", action_topic="/front/image")
    with pytest.raises(DataError, match=r"topic '' .* is missing"):
        from_bag([bag], robot, tmp_path / "out", action_topic="")


def test_damaged_bags(robot, tmp_path):
    for storage, name in ((StoragePlugin.MCAP, "bag.mcap"), (StoragePlugin.SQLITE3, "bag.db3")):
        bag = write(tmp_path / storage.name / "bag", episode(range(12)), storage)
        content = (bag / name).read_bytes()
        (bag / name).write_bytes(content[: len(content) // 2])
        with pytest.raises(DataError, match="ros2 bag reindex"):
            from_bag([bag], robot, tmp_path / "out")
    (bag / "metadata.yaml").unlink()
    with pytest.raises(DataError, match=r"no metadata\.yaml"):
        from_bag([bag], robot, tmp_path / "out")


def test_times_that_no_clock_gives(robot, tmp_path):
    """The time of a recording is the time of a command without a stamp, and finds its picture again."""
    early = [(found[0] - 2 * START_NS, *found[1:]) for found in episode(range(12))]
    bag = write(tmp_path / "bag", early, StoragePlugin.SQLITE3)
    with pytest.raises(DataError, match=r"breaks off \(a message recorded at -17"):
        from_bag([bag], robot, tmp_path / "out")


def test_the_output_and_the_arguments(robot, tmp_path):
    bag = write(tmp_path / "bag", episode(range(12)))
    for output in (bag, bag / "out", tmp_path):
        with pytest.raises(DataError, match="overlaps"):
            from_bag([bag], robot, output)
    for settings in ({"codec": "zip"}, {"version": "v2.0"}, {"gap_s": -1.0}, {"gap_s": float("nan")}, {"gap_s": 0.05}):
        with pytest.raises(UsageError):
            from_bag([bag], robot, tmp_path / "out", **settings)
    with pytest.raises(UsageError, match="each once"):
        from_bag([bag, tmp_path / "." / "bag"], robot, tmp_path / "out")
    from_bag([bag], robot, tmp_path / "out", codec="images")
    with pytest.raises(UsageError, match="--overwrite"):
        from_bag([bag], robot, tmp_path / "out")
    kept = tmp_path / "out/arm.yaml"
    kept.write_text(ROBOT_TEXT)
    with pytest.raises(DataError, match="overlaps"):
        from_bag([bag], kept, tmp_path / "out", codec="images", overwrite=True)
    from_bag([bag], robot, tmp_path / "out", codec="images", overwrite=True)
    (tmp_path / "out/meta/from_bag.json").unlink()
    with pytest.raises(DataError, match="something else"):
        from_bag([bag], robot, tmp_path / "out", codec="images", overwrite=True)
    robot.write_text(ROBOT_TEXT.replace("rate_hz: 10.0", "rate_hz: 0.0").replace("slop_s: 0.025", "slop_s: far"))
    with pytest.raises(DataError, match=r"'rate_hz' must .*; 'slop_s' must"):
        from_bag([bag], robot, tmp_path / "new")
