from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vita_dataset.from_bag_sync import StampSync
from vita_dataset.from_bag_timing import MATCHING

MS = 1_000_000
START_NS = 1_000 * MS


def make(streams=2, slop_ms=20, queue_size=30):
    return StampSync(streams, slop_ms * MS, queue_size)


def test_one_message_of_each_stream_becomes_a_set():
    sync = make()
    assert sync.add(1, START_NS + 5 * MS, "joints") is None
    match = sync.add(0, START_NS, "picture")
    assert (match.stamps_ns, match.messages) == ((START_NS, START_NS + 5 * MS), ("picture", "joints"))
    assert sync.add(0, START_NS + 20 * MS, "next") is None
    assert sync.add(1, START_NS + 40 * MS, "a whole slop away") is None


def test_bad_stamps_are_refused_and_counted():
    sync = make()
    for stamp_ns in (0, START_NS, START_NS, START_NS - MS):
        sync.add(0, stamp_ns, stamp_ns)
    sync.refuse(0)
    assert (sync.counts[0].received, sync.counts[0].refused, sync.era) == (5, 4, 0)


def test_a_jump_back_begins_a_new_era_without_the_old_messages():
    sync = make()
    sync.add(1, START_NS, "old")
    sync.add(0, START_NS + 900 * MS, "old")
    sync.add(0, START_NS + 5 * MS, "new")
    assert sync.era == 1
    match = sync.add(1, START_NS, "new")
    assert (match.era, match.messages) == (1, ("new", "new"))


def same_as_the_node(arrivals, slop_ms, queue_size):
    """Feed (stream, stamp) to both; the same sets of the same messages after each arrival, and the same refusals."""
    node = pytest.importorskip("vita_policy_node.observation_sync")
    time = pytest.importorskip("builtin_interfaces.msg").Time
    limits = tuple(pytest.importorskip("vita_policy_node.streams").StreamLimit(name, 10**18) for name in "abc")
    theirs = node.ObservationSync(limits, slop_ms / 1e3, queue_size)
    ours = make(3, slop_ms, queue_size)
    for number, (stream, stamp_ns) in enumerate(arrivals):
        stamp = time(sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9)
        message = SimpleNamespace(header=SimpleNamespace(stamp=stamp), number=number)
        before, older = theirs.matched_sets, theirs.newest_set()
        theirs.add(stream, message, 10**15)
        match = ours.add(stream, stamp_ns, number)
        assert (match is not None) == (theirs.matched_sets > before)
        if match is None:
            continue
        newest = theirs.newest_set()
        if older is not None and match.stamps_ns[0] <= older.stamp_ns:
            # Completed late: a recording has a place for it, a policy has seen what came after it already.
            assert newest.messages == older.messages
        else:
            assert match.messages == tuple(message.number for message in newest.messages)
            assert match.stamps_ns[0] == newest.stamp_ns
    for our_count, count in zip(ours.counts, theirs.rules.counts, strict=True):
        counts = (our_count.received, our_count.refused, our_count.matched)
        assert counts == (count.received, count.refused, count.matched)
    return ours.counts[0].matched


slops = st.sampled_from([2, 7, 10, 25])
queues = st.integers(1, 6)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(-6, 12) | st.sampled_from([-2000, 700]), st.booleans()),
        min_size=10,
        max_size=80,
    ),
    slops,
    queues,
)
def test_it_matches_what_the_node_matches_in_any_disorder(found, slop_ms, queue_size):
    arrivals, now_ms = [], 3_000
    for number, (stream, step_ms, unset) in enumerate(found):
        now_ms = max(600, now_ms + step_ms)
        arrivals.append((stream, 0 if unset and number % 7 == 0 else now_ms * MS))
    same_as_the_node(arrivals, slop_ms, queue_size)


sensors = st.tuples(
    st.integers(4, 40), st.integers(0, 30), st.lists(st.integers(-3, 3), min_size=40, max_size=40), st.integers(0, 50)
)
"""Period, first stamp, jitter of each stamp, latency, all in milliseconds."""


@settings(deadline=None)
@given(st.tuples(sensors, sensors, sensors), slops, queues)
def test_it_matches_what_the_node_matches_of_sensors(found, slop_ms, queue_size):
    """Each sensor at its own rate, late by its own latency."""
    arrivals = []
    for stream, (period_ms, first_ms, jitter_ms, latency_ms) in enumerate(found):
        stamps_ms = [1_000 + first_ms + number * period_ms + late for number, late in enumerate(jitter_ms)]
        arrivals += [(stamp_ms + latency_ms, stream, stamp_ms * MS) for stamp_ms in stamps_ms]
    same_as_the_node([(stream, stamp_ns) for _, stream, stamp_ns in sorted(arrivals)], slop_ms, queue_size)


def test_what_is_compared_with_the_node_does_match():
    arrivals = [(stream, START_NS + step * 33 * MS + stream * MS) for step in range(20) for stream in (2, 0, 1)]
    assert same_as_the_node(arrivals, 10, 5) == 20


def test_defaults_and_ranges_are_the_nodes():
    for setting in pytest.importorskip("vita_policy_node.settings").SETTINGS:
        if setting.name in MATCHING:
            assert MATCHING[setting.name] == (setting.default, setting.low, setting.high)
