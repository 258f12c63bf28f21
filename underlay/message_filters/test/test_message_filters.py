"""Conformance with the genuine Python module: public names only, so this file runs against either."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest
import rclpy
from hypothesis import given, settings
from hypothesis import strategies as st
from message_filters import ApproximateTimeSynchronizer, Cache, SimpleFilter, Subscriber, TimeSynchronizer
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.time import Time
from sensor_msgs.msg import JointState
from std_msgs.msg import String

MS = 1_000_000
Event = tuple[int, int]  # stream, stamp [ms]


def message(stamp_ms: int, name: str = "") -> JointState:
    msg = JointState(name=[name])
    msg.header.stamp = Time(nanoseconds=stamp_ms * MS).to_msg()
    return msg


def stamp_ms(msg: JointState) -> int:
    return Time.from_msg(msg.header.stamp).nanoseconds // MS


def deliver(kind: type[Any], streams: int, events: list[Event], *args: Any, **kwargs: Any) -> list[tuple[int, ...]]:
    """Feed a synchroniser and return the stamps [ms] of the sets that came out."""
    inputs = [SimpleFilter() for _ in range(streams)]
    sync = kind(inputs, *args, **kwargs)
    sets: list[tuple[int, ...]] = []
    sync.registerCallback(lambda *msgs: sets.append(tuple(stamp_ms(m) for m in msgs)))
    for stream, stamp in events:
        inputs[stream].signalMessage(message(stamp))
    return sets


def keep(buffer: list[int], stamp: int, limit: int) -> None:
    """Add to a buffer in order of arrival; a repeated stamp stays where it is; the smallest leaves a full one."""
    if stamp not in buffer:
        buffer.append(stamp)
    if len(buffer) > limit:
        buffer.remove(min(buffer))


def approximate_by_definition(streams: int, events: list[Event], limit: int, slop: int) -> list[tuple[int, ...]]:
    """Among all sets that qualify, the one whose ranks by nearness are smallest, first stream first."""
    buffers: list[list[int]] = [[] for _ in range(streams)]
    sets = []
    for stream, new in events:
        keep(buffers[stream], new, limit)
        qualifying = []
        for chosen in itertools.product(*buffers):
            near = all(abs(stamp - new) <= slop for stamp in chosen)
            if chosen[stream] == new and near and max(chosen) - min(chosen) < slop:
                ranks = [(abs(s - new), buffer.index(s)) for s, buffer in zip(chosen, buffers, strict=True)]
                qualifying.append((ranks, chosen))
        if qualifying:
            best = min(qualifying)[1]
            sets.append(best)
            for buffer, stamp in zip(buffers, best, strict=True):
                buffer.remove(stamp)
    return sets


def exact_by_definition(streams: int, events: list[Event], limit: int) -> list[tuple[int, ...]]:
    buffers: list[list[int]] = [[] for _ in range(streams)]
    sets = []
    for stream, new in events:
        keep(buffers[stream], new, limit)
        if all(new in buffer for buffer in buffers):
            sets.append((new,) * streams)
            for buffer in buffers:
                buffer.remove(new)
    return sets


@st.composite
def sequences(draw: st.DrawFn) -> tuple[int, list[Event], int]:
    streams = draw(st.integers(1, 4))
    # Few distinct stamps make ties, repeats, full queues and late messages frequent.
    events = draw(st.lists(st.tuples(st.integers(0, streams - 1), st.integers(0, 25)), max_size=40))
    return streams, events, draw(st.integers(1, 6))


@settings(max_examples=300, deadline=None)
@given(sequences(), st.integers(0, 12))
def test_approximate_matches_are_those_of_the_rule(case: tuple[int, list[Event], int], slop: int) -> None:
    streams, events, limit = case
    expected = approximate_by_definition(streams, events, limit, slop)
    assert deliver(ApproximateTimeSynchronizer, streams, events, limit, slop / 1000) == expected


@settings(max_examples=200, deadline=None)
@given(sequences())
def test_exact_matches_are_those_of_the_rule(case: tuple[int, list[Event], int]) -> None:
    streams, events, limit = case
    assert deliver(TimeSynchronizer, streams, events, limit) == exact_by_definition(streams, events, limit)


def test_a_span_equal_to_slop_is_no_match() -> None:
    assert deliver(ApproximateTimeSynchronizer, 2, [(0, 0), (1, 10)], 5, 0.010) == []
    assert deliver(ApproximateTimeSynchronizer, 2, [(0, 0), (1, 9)], 5, 0.010) == [(0, 9)]


def test_a_short_queue_starves_a_late_camera() -> None:
    # 500 Hz joints, a 30 Hz camera that arrives 60 ms late.
    arrivals = [(t, 1, t) for t in range(0, 1000, 2)] + [(t + 60, 0, t) for t in range(0, 940, 33)]
    events = [(stream, stamp) for _, stream, stamp in sorted(arrivals)]
    assert len(deliver(ApproximateTimeSynchronizer, 2, events, 10, 0.02)) <= 1
    assert len(deliver(ApproximateTimeSynchronizer, 2, events, 40, 0.02)) == 29


def test_a_message_without_a_header_needs_permission() -> None:
    for allowed, expected in ((False, 0), (True, 1)):
        first, second = SimpleFilter(), SimpleFilter()
        sync = ApproximateTimeSynchronizer([first, second], 5, 10.0, allow_headerless=allowed)
        sets: list[tuple[String, String]] = []
        sync.registerCallback(lambda *msgs, out=sets: out.append(msgs))
        first.signalMessage(String(data="a"))
        second.signalMessage(String(data="b"))
        assert len(sets) == expected


def test_arrival_time_replaces_stamps_on_request() -> None:
    events = [(0, 5), (1, 900_000)]
    assert deliver(ApproximateTimeSynchronizer, 2, events, 5, 10.0) == []
    assert deliver(ApproximateTimeSynchronizer, 2, events, 5, 10.0, sync_arrival_time=True) == [(5, 900_000)]


def test_callbacks_get_messages_then_their_arguments_in_order_of_registration() -> None:
    source = SimpleFilter()
    seen: list[tuple[Any, ...]] = []
    source.registerCallback(lambda *args: seen.append(("first", *args)))
    source.registerCallback(lambda *args: seen.append(("second", *args)), 1, 2)
    source.signalMessage("m")
    assert seen == [("first", "m"), ("second", "m", 1, 2)]


def test_cache_answers_by_time() -> None:
    source = SimpleFilter()
    cache = Cache(source, cache_size=3)
    assert cache.getLast() is None
    passed: list[JointState] = []
    cache.registerCallback(passed.append)
    messages = [message(t) for t in (10, 20, 30, 40)]
    for msg in messages:
        source.signalMessage(msg)

    def at(ms: int) -> Time:
        return Time.from_msg(message(ms).header.stamp)

    assert passed == messages
    assert cache.getInterval(at(20), at(30)) == messages[1:3]
    assert cache.getInterval(at(0), at(19)) == []
    assert cache.getElemAfterTime(at(21)) is messages[2]
    assert cache.getElemAfterTime(at(41)) is None
    assert cache.getElemBeforeTime(at(29)) is messages[1]
    assert cache.getElemBeforeTime(at(19)) is None
    assert cache.getOldestTime() == at(20)
    assert cache.getLastestTime() == at(40)
    assert cache.getLast() is messages[3]


@pytest.fixture
def node() -> Iterator[Node]:
    rclpy.init()
    node = Node("message_filters_test")
    yield node
    node.destroy_node()
    rclpy.shutdown()


def test_subscribers_feed_a_synchroniser(node: Node) -> None:
    topics = ("left", "right")
    inputs = [Subscriber(node, JointState, topic, qos_profile=qos_profile_sensor_data) for topic in topics]
    sync = ApproximateTimeSynchronizer(inputs, 10, 0.01)
    sets: list[list[list[str]]] = []
    sync.registerCallback(lambda *msgs: sets.append([m.name for m in msgs]))
    publishers = [node.create_publisher(JointState, topic, qos_profile_sensor_data) for topic in topics]
    stamp, deadline = 1, time.monotonic() + 20
    while not sets and time.monotonic() < deadline:
        if all(p.get_subscription_count() for p in publishers):
            for publisher, topic in zip(publishers, topics, strict=True):
                publisher.publish(message(stamp, topic))
            stamp += 100
        rclpy.spin_once(node, timeout_sec=0.1)
    assert sets
    assert sets[0] == [["left"], ["right"]]
