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


def by_definition(streams: int, events: list[Event], limit: int, slop: int | None) -> list[tuple[int, ...]]:
    """Among all sets that qualify, the one whose ranks by nearness are smallest, first stream first.

    A repeated stamp keeps its place in the order of arrival; the smallest leaves a full buffer. Without slop all
    stamps of a set are the same.
    """
    buffers: list[list[int]] = [[] for _ in range(streams)]
    sets = []
    for stream, new in events:
        buffer = buffers[stream]
        if new not in buffer:
            buffer.append(new)
        if len(buffer) > limit:
            buffer.remove(min(buffer))
        qualifying = []
        for chosen in itertools.product(*buffers):
            span = max(chosen) - min(chosen)
            near = all(abs(stamp - new) <= (slop or 0) for stamp in chosen)
            if chosen[stream] == new and near and (span == 0 if slop is None else span < slop):
                ranks = [(abs(s - new), b.index(s)) for s, b in zip(chosen, buffers, strict=True)]
                qualifying.append((ranks, chosen))
        if qualifying:
            best = min(qualifying)[1]
            sets.append(best)
            for buffer, stamp in zip(buffers, best, strict=True):
                buffer.remove(stamp)
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
    sets = deliver(ApproximateTimeSynchronizer, *case, slop / 1000)
    assert sets == by_definition(*case, slop)


@settings(max_examples=200, deadline=None)
@given(sequences())
def test_exact_matches_are_those_of_the_rule(case: tuple[int, list[Event], int]) -> None:
    assert deliver(TimeSynchronizer, *case) == by_definition(*case, None)


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
    messages = [message(t) for t in (10, 20, 30, 40)]
    for msg in messages:
        source.signalMessage(msg)

    def at(ms: int) -> Time:
        return Time.from_msg(message(ms).header.stamp)

    assert cache.getInterval(at(20), at(30)) == messages[1:3]
    assert cache.getInterval(at(0), at(19)) == []
    assert [cache.getElemAfterTime(at(ms)) for ms in (21, 41)] == [messages[2], None]
    assert [cache.getElemBeforeTime(at(ms)) for ms in (29, 19)] == [messages[1], None]
    assert (cache.getOldestTime(), cache.getLastestTime()) == (at(20), at(40))
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
