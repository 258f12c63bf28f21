from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from policy_node_fakes import KEYS, PERIOD_NS, START_NS, oracle, robot, settings, spec, still, wave, write_bag
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from vita_dataset.errors import DataError
from vita_policy_node.bag import bag_topics, read_bag
from vita_policy_node.contract import check_contract
from vita_policy_node.recorded_actions import read_recorded_actions
from vita_policy_node.replay import metadata, replay_bag, tick_times

LAYOUT = check_contract(robot(), spec(), KEYS, settings())
STEPS = 60


@pytest.fixture(scope="module")
def bag(tmp_path_factory) -> Path:
    return write_bag(tmp_path_factory.mktemp("bag") / "episode", STEPS)


def replay(bag: Path, predict=oracle, latency_ns: int = 0):
    return replay_bag(bag, LAYOUT, settings(), predict, 8, latency_ns)


def test_a_policy_that_knows_the_recording_is_right_at_every_tick(bag):
    result = replay(bag)
    assert len(result.ticks) == STEPS
    assert all(tick.command is not None and tick.recorded is not None for tick in result.ticks)
    errors = [np.abs(tick.command - tick.recorded).max() for tick in result.ticks]
    assert max(errors[4:]) < 1e-6
    assert metadata(result)["chunks"] == 8
    assert metadata(result)["streams"]["camera 'front'"] == {
        "received": STEPS,
        "matched": STEPS,
        "dropped": 0,
        "refused": 0,
    }


def test_the_hold_baseline_is_the_pose_at_the_chunk_s_observation(bag):
    result = replay(bag, still)
    for step, tick in enumerate(result.ticks):
        assert np.allclose(tick.held, wave(step - step % 8), atol=1e-9)


def test_an_assumed_latency_costs_the_first_ticks_and_nothing_later(bag):
    result = replay(bag, latency_ns=round(2.5 * PERIOD_NS))
    reasons = [tick.reason for tick in result.ticks]
    assert reasons[:3] == ["waiting for the first chunk"] * 3
    assert all(reason == "" for reason in reasons[3:])
    assert max(np.abs(tick.command - tick.recorded).max() for tick in result.ticks[8:]) < 1e-6
    assert metadata(result)["steps_dropped_as_late"] > 0


def test_two_runs_give_the_same_result(bag):
    first, second = replay(bag, latency_ns=50_000_000), replay(bag, latency_ns=50_000_000)
    assert metadata(first) == metadata(second)
    for one, other in zip(first.ticks, second.ticks, strict=True):
        assert one.stamp_ns == other.stamp_ns
        assert one.reason == other.reason
        assert (one.command is None) == (other.command is None)
        assert one.command is None or np.array_equal(one.command, other.command)


def test_both_storages_read_alike(bag, tmp_path):
    other = write_bag(tmp_path / "sqlite", STEPS, StoragePlugin.SQLITE3)
    assert bag_topics(other) == bag_topics(bag)
    first, second = replay(bag), replay(other)
    assert [tuple(tick.command) for tick in first.ticks] == [tuple(tick.command) for tick in second.ticks]


def test_a_bag_without_a_needed_topic_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"'/front/image'.*is missing"):
        replay(write_bag(tmp_path / "bag", 3, skip="/front/image"))


def test_a_topic_of_another_type_and_a_damaged_bag_are_refused(bag, tmp_path):
    with pytest.raises(DataError, match="has type sensor_msgs/msg/Image"):
        next(read_bag(bag, {"/front/image": "sensor_msgs/msg/CompressedImage"}))
    with pytest.raises(DataError, match=r"no metadata\.yaml"):
        bag_topics(tmp_path)
    broken = write_bag(tmp_path / "broken", 20)
    (data,) = broken.glob("*.mcap")
    data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])
    with pytest.raises(DataError, match="reindex"):
        replay(broken)


@pytest.mark.parametrize("storage", [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.6, 0.9, 0.99])
@pytest.mark.parametrize("garbage", [b"\xa5" * 4000, b"\xff" * 200, b""])
def test_a_damaged_bag_never_ends_in_a_traceback(storage, share, garbage, tmp_path):
    broken = write_bag(tmp_path / "broken", 20, storage)
    (file,) = (path for path in broken.iterdir() if path.suffix in (".mcap", ".db3"))
    data = bytearray(file.read_bytes())
    at = int(len(data) * share)
    data[at : at + len(garbage) if garbage else None] = garbage
    file.write_bytes(data)
    with contextlib.suppress(DataError):
        read_recorded_actions(broken, LAYOUT)


def test_compressed_images_are_read_as_they_were_sent(tmp_path):
    store = get_typestore(Stores.LATEST)
    kind = "sensor_msgs/msg/CompressedImage"
    time = store.types["builtin_interfaces/msg/Time"](7, 5)
    header = store.types["std_msgs/msg/Header"](stamp=time, frame_id="camera")
    sent = store.types[kind](header, "jpeg", np.arange(9, dtype=np.uint8))
    with Writer(tmp_path / "bag", version=9) as writer:
        connection = writer.add_connection("/image", kind, typestore=store)
        writer.write(connection, 1, store.serialize_cdr(sent, kind))
    (item,) = read_bag(tmp_path / "bag", {"/image": kind})
    assert item.topic == "/image"
    assert (item.message.header.stamp.sec, item.message.header.stamp.nanosec) == (7, 5)
    assert (item.message.format, bytes(item.message.data)) == ("jpeg", bytes(range(9)))


@hypothesis_settings(max_examples=100, deadline=None)
@given(
    count=st.integers(1, 60),
    jitter=st.lists(st.floats(-0.3, 0.3), min_size=60, max_size=60),
    period=st.integers(5_000_000, 200_000_000),
)
def test_ticks_fall_on_recorded_stamps_whatever_their_jitter(count, jitter, period):
    stamps = sorted({START_NS + round((step + jitter[step]) * period) for step in range(count)})
    times = tick_times(stamps, period)
    assert times == sorted(set(times))
    assert times[0] == stamps[0]
    if max(abs(value) for value in jitter) < 0.2:
        assert times == stamps


def test_ticks_go_on_through_a_gap_in_the_recording():
    stamps = [START_NS + step * PERIOD_NS for step in (0, 1, 2, 10, 11)]
    assert len(tick_times(stamps, PERIOD_NS)) == 12


def test_a_long_gap_in_the_recording_is_left_out():
    stamps = [START_NS, START_NS + PERIOD_NS, START_NS + 10**17, START_NS + 10**17 + PERIOD_NS]
    assert tick_times(stamps, PERIOD_NS) == stamps


def test_a_recording_goes_on_after_a_long_gap(tmp_path, monkeypatch):
    monkeypatch.setattr("vita_policy_node.replay.LONGEST_GAP_NS", PERIOD_NS // 2)
    result = replay(write_bag(tmp_path / "bag", 4))
    assert [tick.stamp_ns for tick in result.ticks] == [START_NS + step * PERIOD_NS for step in range(4)]


def test_a_bag_whose_messages_have_another_clock_than_its_actions_is_refused(bag, monkeypatch):
    ahead = {START_NS + 10**18: np.zeros(3)}
    monkeypatch.setattr("vita_policy_node.replay.read_recorded_actions", lambda *_: ahead)
    with pytest.raises(DataError, match="the same clock"):
        replay(bag)


def test_topics_are_found_from_the_root_where_the_robot_file_has_relative_ones(bag):
    streams = tuple(dataclasses.replace(stream, topic=stream.topic.lstrip("/")) for stream in LAYOUT.streams)
    relative = replay_bag(bag, dataclasses.replace(LAYOUT, streams=streams), settings(), oracle, 8)
    assert metadata(relative)["matched_sets"] == STEPS


def test_a_recording_of_commands_alone_is_replayed_like_one_of_actions(bag, tmp_path):
    alone = replay(write_bag(tmp_path / "bag", STEPS, skip="/recorded/action"))
    for one, other in zip(alone.ticks, replay(bag).ticks, strict=True):
        assert (one.stamp_ns, one.reason) == (other.stamp_ns, other.reason)
        assert np.allclose(one.recorded, other.recorded)
        assert np.array_equal(one.command, other.command)
