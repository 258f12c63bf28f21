import json

import numpy as np
import pytest
from from_bag_bags import (
    ROBOT_TEXT,
    START_NS,
    STEP_NS,
    TYPES,
    entry,
    episode,
    image,
    joints,
    step_entries,
    trajectory,
    write,
)

from vita_dataset import cli_bags
from vita_dataset.errors import DataError
from vita_dataset.from_bag import from_bag
from vita_dataset.lerobot_reader import LeRobotDataset
from vita_dataset.to_bag import to_bag

NAMES = ("pan", "lift", "gripper")
S_NS = 10**9


@pytest.fixture
def robot(tmp_path):
    path = tmp_path / "arm.yaml"
    path.write_text(ROBOT_TEXT)
    return path


@pytest.fixture
def raw_robot_file(robot_file):
    """The robot of the recordings, with raw pictures and a rate."""
    text = robot_file.read_text().replace(", transport: compressed", "")
    robot_file.write_text(text.replace("    cameras:", "    rate_hz: 10.0\n    cameras:", 1))
    return robot_file


def read(root, number=0):
    found = LeRobotDataset(root).episode(number)
    return found.table, {key: np.array(list(frames())) for key, frames in found.frames.items()}


@pytest.mark.parametrize("version", ["v2.1", "v3.0"])
@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_to_a_bag_and_back_is_the_same_to_the_bit(record, raw_robot_file, tmp_path, storage, version):
    root = record(lengths=(12, 15))
    bags = [tmp_path / f"bag{number}" for number in range(2)]
    for number, bag in enumerate(bags):
        to_bag(root, number, raw_robot_file, bag, storage=storage)
    result = from_bag(bags, bags[0] / "robot.yaml", tmp_path / "back", codec="images", version=version)
    assert (result.episodes, result.steps, result.notes) == (2, 27, ())
    back = LeRobotDataset(tmp_path / "back").spec
    assert back.source.codebase_version == version
    assert (back.fps, back.state.names, back.action.names) == (10.0, ("lift", "pan", "gripper"), back.state.names)
    order = [NAMES.index(name) for name in back.state.names]
    for number in range(2):
        (was, pictures), (now, again) = read(root, number), read(tmp_path / "back", number)
        np.testing.assert_array_equal(now.state, was.state[:, order])
        np.testing.assert_array_equal(now.action, was.action[:, order])
        np.testing.assert_array_equal(now.timestamps_s, was.timestamps_s)
        for key in pictures:
            np.testing.assert_array_equal(again[key], pictures[key])


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
@pytest.mark.parametrize("version", ["v2.1", "v3.0"])
def test_compressed_pictures_and_a_video_stay_close(record, raw_robot_file, tmp_path, storage, version):
    root, bag = record(lengths=(12,), size=(64, 96)), tmp_path / "bag"
    to_bag(root, 0, raw_robot_file, bag, compressed=True, storage=storage)
    from_bag([bag], bag / "robot.yaml", tmp_path / "back", task="reach", codec="h264", version=version)
    table, pictures = read(tmp_path / "back")
    assert table.task == "reach"
    for key, was in read(root)[1].items():
        assert np.abs(pictures[key].astype(int) - was).mean() < 6


def test_v3_to_a_bag_and_back(both, raw_robot_file, tmp_path):
    """The way from a recording that this package did not write."""
    _, root = both(lengths=(4, 12))
    to_bag(root, 1, raw_robot_file, tmp_path / "bag")
    from_bag([tmp_path / "bag"], raw_robot_file, tmp_path / "back", codec="images", version="v3.0")
    (was, pictures), (now, again) = read(root, 1), read(tmp_path / "back")
    np.testing.assert_array_equal(now.action, was.action[:, [NAMES.index(name) for name in ("lift", "pan", "gripper")]])
    for key in pictures:
        np.testing.assert_array_equal(again[key], pictures[key])


def test_a_robots_own_bag(robot, tmp_path):
    """Joint states in another order and a little late, commands as trajectories with and without a stamp."""
    bag = write(tmp_path / "bag", episode(range(20)))
    result = from_bag([bag], robot, tmp_path / "out/reach", codec="images")
    assert (result.episodes, result.steps, result.notes) == (1, 20, ())
    table, pictures = read(tmp_path / "out/reach")
    values = np.arange(20, dtype=np.float32)[:, None] / 64
    np.testing.assert_array_equal(table.state, values * [2, -1, 1])
    np.testing.assert_array_equal(table.action, values + np.float32([0.25, 0.5, 0]))
    assert table.task == "reach"
    np.testing.assert_array_equal(pictures["observation.images.front"][:, 0, 0, 0], np.arange(20))
    report = json.loads((tmp_path / "out/reach/meta/from_bag.json").read_text())
    assert report["episodes"] == [{"episode_index": 0, "bag": str(bag), "start_ns": START_NS, "length": 20}]


def test_gaps_and_short_pieces(robot, tmp_path):
    steps = [*range(12), *range(30, 35), *range(50, 65)]
    bag = write(tmp_path / "bag", episode(steps))
    result = from_bag([bag], robot, tmp_path / "out", codec="images")
    assert (result.episodes, result.steps) == (2, 27)
    assert result.notes == (f"bag '{bag}': the piece that begins 3.0 s after the first matched set is left out: "
                            "5 steps, fewer than 10",)  # fmt: skip
    assert read(tmp_path / "out", 1)[1]["observation.images.front"][0, 0, 0, 0] == 50
    whole = from_bag([bag], robot, tmp_path / "whole", codec="images", gap_s=0)
    assert (whole.episodes, whole.steps) == (1, 65)
    assert "33 of 65 steps repeat" in whole.notes[0]
    front = read(tmp_path / "whole")[1]["observation.images.front"][:, 0, 0, 0]
    np.testing.assert_array_equal(front, [max(s for s in steps if s <= step) for step in range(65)])
    with pytest.raises(DataError, match=r"no episode of 10 steps or more is left.*fewer than 10"):
        from_bag([write(tmp_path / "short", episode(range(9)))], robot, tmp_path / "none")


def test_a_looped_bag_begins_a_new_episode(robot, tmp_path):
    once = episode(range(15))
    again = [(time_ns + 3 * S_NS, *rest) for time_ns, *rest in once]
    # Without a stamp a command's time is that of the recording, which does not loop.
    stamped = [entry for entry in once + again if entry[1] != "/base/command"]
    stamped += [
        entry("/base/command", trajectory(START_NS + step * STEP_NS, ["pan_joint", "lift_joint"], [step, 0.0]), at)
        for lap in (0, 3 * S_NS)
        for step in range(15)
        for at in [START_NS + step * STEP_NS + lap + 4_000_000]
    ]
    bag = write(tmp_path / "bag", sorted(stamped, key=lambda found: found[0]))
    result = from_bag([bag], robot, tmp_path / "out", codec="images")
    assert result.episodes == 2
    assert "time goes back and an episode ends: 1" in " ".join(result.notes)


def test_a_command_does_not_stand_in_the_lap_before_its_own(robot, tmp_path):
    """A simulator is reset: the first command of the second lap comes before the picture that tells of it."""
    entries = []
    for lap in range(2):
        commands = [
            entry("/base/command", trajectory(START_NS - 1_000_000, ["pan_joint", "lift_joint"], [lap, lap])),
            entry("/hand/command", trajectory(START_NS - 1_000_000, ["gripper"], [lap])),
            entry("/hand/command", trajectory(START_NS + 8 * STEP_NS, ["gripper"], [lap + 0.5])),
        ]
        streams = [found for found in episode(range(15)) if "command" not in found[1]]
        ordered = sorted([*commands, *streams], key=lambda found: found[0])
        entries += [(time_ns + lap * 3 * S_NS, *rest) for time_ns, *rest in ordered]
    bag = write(tmp_path / "bag", entries)
    # Of the base no new command comes during a lap, but of the hand.
    result = from_bag([bag], robot, tmp_path / "out", codec="images")
    assert (result.episodes, result.steps) == (2, 30)
    assert result.notes == (f"bag '{bag}': places where time goes back and an episode ends: 1",)
    for lap in range(2):
        action = read(tmp_path / "out", lap)[0].action
        np.testing.assert_array_equal(action[:, 0], np.full(15, lap))
        np.testing.assert_array_equal(action[:, 2], np.repeat([lap, lap + 0.5], (8, 7)))


def test_places_are_told_by_the_time_of_the_recording(robot, tmp_path):
    """Which goes on where stamps go back."""
    again = [(time_ns + 3 * S_NS, *rest) for time_ns, *rest in episode(range(5), START_NS - 60 * S_NS)]
    again = [(time_ns + 60 * S_NS, *rest) for time_ns, *rest in again]
    result = from_bag([write(tmp_path / "bag", [*episode(range(15)), *again])], robot, tmp_path / "out", codec="images")
    assert "begins 3.0 s after the first matched set" in result.notes[-1]


def test_steps_before_the_first_command_are_left_out(robot, tmp_path):
    late = [found for found in episode(range(20)) if found[1] != "/hand/command" or found[0] > START_NS + 4 * STEP_NS]
    result = from_bag([write(tmp_path / "bag", late)], robot, tmp_path / "out", codec="images")
    assert result.steps == 15
    assert "its first 5 steps are left out" in result.notes[0]
    silent = [found for found in episode(range(20)) if "command" not in found[1] or found[0] < START_NS]
    with pytest.raises(DataError, match="no new command came on '/base/command', '/hand/command'"):
        from_bag([write(tmp_path / "silent", silent)], robot, tmp_path / "none")


def test_one_topic_may_carry_the_actions_of_all_joints(robot, tmp_path):
    leader = [
        entry("/leader", joints(START_NS + step * STEP_NS, lift_joint=step, gripper=1.0, pan_joint=-step))
        for step in range(12)
    ]
    entries = sorted([*episode(range(12)), *leader], key=lambda found: found[0])
    from_bag([write(tmp_path / "bag", entries)], robot, tmp_path / "out", codec="images", action_topic="/leader")
    np.testing.assert_array_equal(read(tmp_path / "out")[0].action[:, 1], np.arange(12))


def test_messages_that_are_not_this_robots_are_counted(robot, tmp_path):
    """Another robot shares the topic, a picture comes twice, and one was never stamped."""
    stray = []
    for step in range(12):
        now = START_NS + step * STEP_NS
        stray.append(entry("/joint_states", joints(now + 1, other=1.0)))
        stray.append(entry("/front/image", image(0 if step % 2 else now, 99), now + 1))
    bag = write(tmp_path / "bag", sorted([*episode(range(12)), *stray], key=lambda item: item[0]))
    result = from_bag([bag], robot, tmp_path / "out", codec="images")
    assert [note.partition("': ")[2][:59] for note in result.notes] == [
        "camera 'front': 12 of 24 messages refused, whose stamp is 0",
        "joint state '/joint_states': 12 of 24 messages refused, who",
    ]
    front = read(tmp_path / "out")[1]["observation.images.front"][:, 0, 0, 0]
    np.testing.assert_array_equal(front, np.arange(12))


def test_a_set_that_comes_after_a_newer_one_is_left_out(robot, tmp_path):
    """Of two pictures close together the newer one finds a joint state first, the older one the next."""
    entries = [found for step in range(12) for found in step_entries(step)]
    entries.remove([found for found in entries if found[1] == "/joint_states"][5])
    now = START_NS + 5 * STEP_NS
    extra = [entry("/front/image", image(now + 10_000_000, 77))]
    extra += [
        entry("/joint_states", joints(now + late_ns, gripper=1.0, lift_joint=1.0, pan_joint=1.0))
        for late_ns in (12_000_000, 14_000_000)
    ]
    bag = write(tmp_path / "bag", sorted([*entries, *extra], key=lambda item: item[0]))
    result = from_bag([bag], robot, tmp_path / "out", codec="images")
    front = read(tmp_path / "out")[1]["observation.images.front"][:, 0, 0, 0]
    assert (result.steps, front[5]) == (12, 77)
    assert result.notes == (f"bag '{bag}': matched sets left out because they came after newer ones: 1",)


def marked(kind, marks):
    """Six seconds of steps with (step, value) marks on a topic."""
    found = [entry for entry in episode(range(60)) if entry[0] >= START_NS - STEP_NS]
    for step, value in marks:
        fields = {} if value is None else {"data": value}
        found.append((START_NS + step * STEP_NS - 50_000_000, "/mark", kind, TYPES[kind](**fields)))
    return sorted(found, key=lambda item: item[0])


@pytest.mark.parametrize(
    ("kind", "marks", "lengths", "firsts"),
    [
        ("std_msgs/msg/Bool", [(5, True), (20, False), (30, True), (45, True)], [15, 15, 15], [5, 30, 45]),
        ("std_msgs/msg/String", [(20, "a"), (22, "b"), (40, "c")], [20, 18, 20], [0, 22, 40]),
    ],
)
def test_marks_cut_a_bag_into_episodes(robot, tmp_path, kind, marks, lengths, firsts):
    bag = write(tmp_path / "bag", marked(kind, marks))
    from_bag([bag], robot, tmp_path / "out", codec="images", split_topic="/mark")
    report = json.loads((tmp_path / "out/meta/from_bag.json").read_text())["episodes"]
    assert [found["length"] for found in report] == lengths
    assert [(found["start_ns"] - START_NS) // STEP_NS for found in report] == firsts


def test_marks_that_are_missing_or_want_nothing(robot, tmp_path):
    bag = write(tmp_path / "bag", marked("std_msgs/msg/Bool", [(5, False)]))
    with pytest.raises(DataError, match="the marks want none"):
        from_bag([bag], robot, tmp_path / "out", split_topic="/mark")
    with pytest.raises(DataError, match="no topic '/marks' to split it by"):
        from_bag([bag], robot, tmp_path / "out", split_topic="/marks")


def test_the_command(robot, tmp_path, capsys):
    bags = [write(tmp_path / name, episode(range(12), START_NS + S_NS * 60 * i)) for i, name in enumerate("ab")]
    arguments = ["--bag", str(bags[0]), "--bag", str(bags[1]), "--config", str(robot), "--out", str(tmp_path / "out")]
    assert cli_bags.from_bag([*arguments, "--task", "lift"]) == 0
    shown = capsys.readouterr()
    assert f"{tmp_path / 'out'}: 2 episodes, 24 steps" in shown.out
    assert "24/24 images" in shown.err
    assert read(tmp_path / "out", 1)[0].task == "lift"
    assert (tmp_path / "out/meta/episodes.jsonl").is_file()
    assert cli_bags.from_bag([*arguments, "--overwrite", "--format", "v3.0"]) == 0
    assert LeRobotDataset(tmp_path / "out").spec.source.codebase_version == "v3.0"
    assert not (tmp_path / "out/meta/episodes.jsonl").exists()
    assert cli_bags.from_bag(arguments) == 2
    assert cli_bags.from_bag([*arguments, "--overwrite", "--action-topic", "/none"]) == 1
    assert "'/none'" in capsys.readouterr().err
