from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from vita_policy_node.streams import JUMP_NS, Arrival, StreamLimit, StreamRules

MS = 1_000_000
START = 1_000_000 * MS
LIMITS = (StreamLimit("camera 'front'", 200 * MS), StreamLimit("joint state '/js'", 100 * MS))


def test_stamps_that_carry_nothing_new_are_refused_and_counted_by_name():
    rules = StreamRules(LIMITS)
    assert rules.accept(0, 0, START) is Arrival.ZERO_STAMP
    assert rules.accept(0, START, START) is Arrival.ACCEPTED
    assert rules.accept(0, START, START) is Arrival.REPEATED
    assert rules.accept(0, START - MS, START) is Arrival.OUT_OF_ORDER
    assert rules.accept(0, START + 201 * MS, START) is Arrival.FUTURE
    assert rules.accept(0, START + 199 * MS, START) is Arrival.ACCEPTED
    counts = rules.counts[0]
    assert (counts.received, counts.refused, counts.matched, counts.dropped) == (6, 4, 0, 6)
    assert rules.refusals["camera 'front': repeated"] == 1
    assert rules.counts[1].received == 0


def test_a_stream_is_stale_until_it_speaks_and_after_it_falls_silent():
    rules = StreamRules(LIMITS)
    assert len(rules.stale(START)) == 2
    rules.accept(0, START, START)
    rules.accept(1, START, START)
    assert rules.stale(START + 100 * MS) == ()
    assert rules.stale(START + 101 * MS) == ("joint state '/js' is stale, older than 0.1 s",)
    assert len(rules.stale(START + 201 * MS)) == 2


def test_a_frozen_stamp_becomes_stale_and_says_why():
    rules = StreamRules(LIMITS)
    rules.accept(1, START, START)
    for age in range(0, 300, 20):
        rules.accept(0, START, START + age * MS)
    rules.accept(1, START + 300 * MS, START + 300 * MS)
    (reason,) = rules.stale(START + 300 * MS)
    assert "repeats" in reason


def test_a_stamp_far_back_is_a_jump_that_forgets_every_stream():
    rules = StreamRules(LIMITS)
    rules.accept(0, START + 2 * JUMP_NS, START + 2 * JUMP_NS)
    rules.accept(1, START + 2 * JUMP_NS, START + 2 * JUMP_NS)
    assert rules.accept(0, START, START) is Arrival.JUMPED_BACK
    assert rules.accept(0, START + MS, START) is Arrival.ACCEPTED
    assert rules.accept(1, START, START) is Arrival.ACCEPTED


def test_counting_starts_anew():
    rules = StreamRules(LIMITS)
    rules.accept(0, 0, START)
    rules.reset_counts()
    assert rules.counts[0].received == 0
    assert rules.refusals == {}


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 4_000), st.integers(0, 4_000)), max_size=60))
def test_accepted_stamps_of_a_stream_only_rise_between_jumps(messages):
    rules = StreamRules(LIMITS)
    newest = [0, 0]
    for stream, stamp_ms, now_ms in messages:
        arrival = rules.accept(stream, stamp_ms * MS, now_ms * MS)
        if arrival is Arrival.JUMPED_BACK:
            assert newest[stream] - stamp_ms * MS > JUMP_NS
            newest = [0, 0]
        if arrival in (Arrival.ACCEPTED, Arrival.JUMPED_BACK):
            assert stamp_ms * MS > newest[stream]
            newest[stream] = stamp_ms * MS
