from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from policy_node_fakes import (
    KEYS,
    PERIOD_NS,
    START_NS,
    oracle,
    robot,
    settings,
    spec,
    still,
    wave,
    write_bag,
    write_checkpoint,
    write_robot_file,
)
from rosbags.rosbag2 import Writer
from rosbags.typesys import Stores, get_typestore

from vita_dataset.errors import DataError, UsageError, run_cli
from vita_policy_node import cli
from vita_policy_node.contract import check_contract
from vita_policy_node.recorded_actions import read_recorded_actions
from vita_policy_node.replay import replay_bag
from vita_policy_node.replay_errors import Errors
from vita_policy_node.replay_html import TIMING
from vita_policy_node.replay_live import match_nearest, read_commands
from vita_policy_node.replay_report import make_report
from vita_policy_node.replay_table import format_table
from vita_policy_node.robot_files import find_robot_file

LAYOUT = check_contract(robot(), spec(), KEYS, settings())
STEPS = 40


@pytest.fixture(scope="module")
def bag(tmp_path_factory) -> Path:
    return write_bag(tmp_path_factory.mktemp("bag") / "episode", STEPS)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint"))


def write_live(path: Path, topic: str = "/replay/arm/joint_trajectory", offset: float = 0.01) -> Path:
    """Commands as a live node would have sent them: the recorded action, shifted a little in time and value."""
    store = get_typestore(Stores.LATEST)
    types = store.types
    kind = "trajectory_msgs/msg/JointTrajectory"
    nothing = np.zeros(0)
    with Writer(path, version=9) as writer:
        connection = writer.add_connection(topic, kind, typestore=store)
        for step in range(STEPS):
            stamp = START_NS + step * PERIOD_NS + 4_000_000
            time = types["builtin_interfaces/msg/Time"](stamp // 10**9, stamp % 10**9)
            duration = types["builtin_interfaces/msg/Duration"](0, PERIOD_NS)
            values = np.array(wave(step + 3)) + offset
            point = types["trajectory_msgs/msg/JointTrajectoryPoint"](values, nothing, nothing, nothing, duration)
            header = types["std_msgs/msg/Header"](stamp=time, frame_id="")
            message = types[kind](header, ["j1", "j2", "grip"], [point])
            writer.write(connection, stamp, store.serialize_cdr(message, kind))
    return path


def report_of(bag: Path, predict):
    result = replay_bag(bag, LAYOUT, settings(), predict, 8)
    recorded = np.array(list(read_recorded_actions(bag, LAYOUT).values()))
    return make_report(result, recorded, None, {"bag": str(bag)})


def test_errors_are_what_their_names_say():
    commands, recorded = np.array([[1.0, 2.0], [3.0, 2.0]]), np.array([[0.0, 2.0], [0.0, 2.0]])
    errors = Errors.of(commands, recorded, np.array([4.0, 0.0]), np.array([True, False]))
    assert errors.mae.tolist() == [2.0, 0.0]
    assert np.allclose(errors.rmse, [np.sqrt(5.0), 0.0])
    assert errors.normalised == 0.5
    assert errors.count == 2


def test_a_good_policy_beats_holding_and_holding_does_not_beat_itself(bag):
    good, same = report_of(bag, oracle), report_of(bag, still)
    assert good.beats_hold
    assert good.policy.normalised < 0.2 * good.hold.normalised
    assert not same.beats_hold
    table = format_table(good)
    assert all(name in table for name in LAYOUT.limits.names)


def test_joints_that_only_tremble_do_not_decide(bag):
    result = replay_bag(bag, LAYOUT, settings(), oracle, 8)
    recorded = np.array(list(read_recorded_actions(bag, LAYOUT).values()))
    parked = recorded.copy()
    parked[:, 1] = 0.3 + 1e-5 * np.sin(np.arange(len(recorded)))
    report = make_report(result, parked, None, {})
    assert report.not_moving == report.to_dict()["joints_not_moving"] == ["elbow"]
    moving = report.policy.mae[[0, 2]] / report.span[[0, 2]]
    assert report.policy.normalised == pytest.approx(moving.mean())
    assert report.beats_hold
    assert "do not move: elbow" in format_table(report)


def test_a_recording_in_which_nothing_moves_has_no_shares(bag):
    result = replay_bag(bag, LAYOUT, settings(), still, 8)
    report = make_report(result, np.full((STEPS, 3), 0.3), None, {})
    assert "recorded range: none, for no joint moves in the recording\n" in format_table(report)
    assert "nan" not in format_table(report)
    assert report.to_dict()["overall"]["policy"]["mae_over_range"] is None


def test_the_baselines_are_told_apart(bag):
    report = report_of(bag, still)
    document = report.to_dict()
    assert document["overall"]["measured"]["mae"] < document["overall"]["hold"]["mae"]
    assert set(document["baselines"]) == {"hold", "measured"}
    table = format_table(report)
    assert "held for as long as its chunk is executed" in table
    assert "assumed inference time 0 ms" in table


def test_a_policy_that_mostly_holds_does_not_beat_holding(bag):
    def fails(observation):
        raise DataError("no")

    report = report_of(bag, fails)
    assert report.policy.count == 0
    assert not report.beats_hold
    assert "nan" not in format_table(report)
    assert "policy -, hold -, measured -" in format_table(report)
    document = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert document["overall"]["policy"]["mae"] is None


def test_live_commands_are_compared_with_the_nearest_recorded_action(bag, tmp_path):
    live = read_commands(write_live(tmp_path / "live"), LAYOUT)
    recorded = read_recorded_actions(bag, LAYOUT)
    pairs = match_nearest(live, recorded, PERIOD_NS // 2)
    assert len(pairs) == STEPS
    assert all(np.allclose(live[a] - recorded[b], 0.01) for a, b in pairs)
    assert match_nearest({START_NS - 10**9: np.zeros(3)}, recorded, PERIOD_NS) == []


def test_commands_without_a_stamp_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("test_replay_report.START_NS", -STEPS * PERIOD_NS)
    with pytest.raises(DataError, match="stamp_commands"):
        read_commands(write_live(tmp_path / "live"), LAYOUT)


def test_a_live_bag_without_the_command_topic_is_refused(tmp_path):
    with pytest.raises(DataError, match="/arm/joint_trajectory"):
        read_commands(write_live(tmp_path / "live", "/other"), LAYOUT)


def test_the_command_line_writes_report_and_plot_the_same_each_run(bag, checkpoint, tmp_path, capsys):
    live = write_live(tmp_path / "live")
    documents = []
    for name in ("one", "two"):
        out = tmp_path / name
        arguments = ["--bag", str(bag), "--checkpoint", str(checkpoint), "--out", str(out), "--commands", str(live)]
        assert cli.replay(arguments) == 0
        assert (out / "report.png").stat().st_size > 10_000
        documents.append(json.loads((out / "report.json").read_text()))
        assert documents[-1].pop("timing")["inference_ms"]["p50"] > 0
    assert documents[0] == documents[1]
    one, two = tmp_path / "one", tmp_path / "two"
    assert {path.name for path in one.iterdir()} == {"report.json", "report.png", "report.html"}
    assert (one / "report.png").read_bytes() == (two / "report.png").read_bytes()
    for name, mark in (("report.json", '"timing"'), ("report.html", TIMING)):
        same, between, timing = (one / name).read_bytes().partition(mark.encode())
        assert between
        assert (two / name).read_bytes().startswith(same + between)
        assert len(timing) < 2000  # the rest differs: the table of inference times
    assert "data:image/png;base64," in (one / "report.html").read_text()
    assert "//" not in re.sub('base64,[^"]*', "", (one / "report.html").read_text())
    assert documents[0]["checkpoint_step"] == 10
    assert documents[0]["ticks"] == {"total": STEPS, "compared": STEPS}
    assert documents[0]["overall"]["live"]["mae"] == pytest.approx(0.01)
    printed = capsys.readouterr().out
    assert "live MAE" in printed
    assert "report.png" in printed


def test_must_beat_hold_fails_an_untrained_policy(bag, checkpoint, tmp_path, capsys):
    arguments = ["--bag", str(bag), "--checkpoint", str(checkpoint), "--out", str(tmp_path), "--must-beat-hold"]
    assert run_cli(cli.replay, arguments) == 1
    assert "not better than holding" in capsys.readouterr().err


def test_mistakes_in_the_arguments_end_in_one_sentence(bag, checkpoint, tmp_path, capsys):
    base = ["--bag", str(bag), "--checkpoint", str(checkpoint), "--out", str(tmp_path / "out")]
    assert run_cli(cli.replay, ["--bag", str(tmp_path / "none"), "--checkpoint", "x"]) == 2
    assert run_cli(cli.replay, [*base, "--robot", "nobody"]) == 2
    unfit = write_robot_file(tmp_path / "unfit.yaml", rate_hz=20.0)
    assert run_cli(cli.replay, [*base, "--robot", str(unfit)]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3
    assert "rate_hz is 20" in errors[2]
    assert not (tmp_path / "out").exists()


def test_a_robot_file_is_found_by_path(tmp_path):
    path = write_robot_file(tmp_path / "mine.yaml")
    assert find_robot_file(str(path)) == path
    with pytest.raises(UsageError, match="robot 'absent'"):
        find_robot_file("absent")


def test_a_report_that_cannot_be_written_ends_in_one_sentence(bag, checkpoint, tmp_path, capsys):
    out = tmp_path / "file"
    out.write_text("mine")
    assert run_cli(cli.replay, ["--bag", str(bag), "--checkpoint", str(checkpoint), "--out", str(out)]) == 1
    assert f"cannot be written to '{out}'" in capsys.readouterr().err
    assert out.read_text() == "mine"
