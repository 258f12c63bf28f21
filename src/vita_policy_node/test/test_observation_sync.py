from __future__ import annotations

from policy_node_fakes import PERIOD_NS, START_NS, image, joint_state

from vita_policy_node.observation_sync import ObservationSync
from vita_policy_node.streams import Arrival, StreamLimit

MS = 1_000_000
LIMITS = (StreamLimit("camera 'front'", 200 * MS), StreamLimit("joint state '/js'", 200 * MS))


def make(slop_s: float = 0.02, queue_size: int = 30) -> ObservationSync:
    return ObservationSync(LIMITS, slop_s, queue_size)


def test_one_message_of_each_stream_becomes_a_set_stamped_by_the_first():
    sync = make()
    sync.add(1, joint_state(START_NS + 5 * MS), START_NS + 5 * MS)
    assert sync.newest_set() is None
    sync.add(0, image(START_NS), START_NS + 6 * MS)
    matched = sync.newest_set()
    assert matched is not None
    assert matched.stamp_ns == START_NS
    assert [type(message).__name__ for message in matched.messages] == ["Image", "JointState"]
    assert [count.matched for count in sync.rules.counts] == [1, 1]


def test_messages_further_apart_than_the_slop_never_match():
    sync = make()
    for step in range(20):
        now = START_NS + step * PERIOD_NS
        sync.add(0, image(now), now)
        sync.add(1, joint_state(now + PERIOD_NS // 2, (0.0, 0.0, 0.0)), now + PERIOD_NS // 2)
    matched = make(slop_s=0.01)
    for step in range(20):
        now = START_NS + step * PERIOD_NS
        matched.add(0, image(now), now)
        matched.add(1, joint_state(now + PERIOD_NS // 2), now + PERIOD_NS // 2)
    assert sync.matched_sets == 20
    assert matched.matched_sets == 0


def test_a_slow_camera_beside_fast_joint_states_matches_when_the_queue_is_long_enough():
    """Joint states at 500 Hz, a 30 Hz camera that arrives 60 ms late: 30 states must be kept, 10 are too few."""
    arrivals = [(START_NS + number * 2 * MS, 1, START_NS + number * 2 * MS) for number in range(500)]
    arrivals += [(START_NS + n * PERIOD_NS + 60 * MS, 0, START_NS + n * PERIOD_NS) for n in range(28)]
    counts = {}
    for queue_size in (10, 60):
        sync = make(queue_size=queue_size)
        for now, stream, stamp in sorted(arrivals):
            sync.add(stream, image(stamp) if stream == 0 else joint_state(stamp), now)
        counts[queue_size] = sync.matched_sets
    assert counts[10] <= 1
    assert counts[60] == 28


def test_a_zero_stamp_never_reaches_the_matcher():
    sync = make()
    assert sync.add(0, image(0), START_NS) is Arrival.ZERO_STAMP
    sync.add(1, joint_state(0), START_NS)
    assert sync.newest_set() is None
    assert sync.newest_messages() == (None, None)


def test_a_looped_recording_keeps_matching():
    sync = make()
    for _loop in range(3):
        for step in range(40):
            now = START_NS + step * PERIOD_NS
            sync.add(0, image(now), now)
            sync.add(1, joint_state(now), now)
    # At the start of a loop the first message clears what the other stream still holds: one set may be lost.
    assert sync.matched_sets >= 3 * 40 - 2


def test_forgetting_leaves_no_old_message_behind():
    sync = make()
    sync.add(0, image(START_NS), START_NS)
    sync.forget()
    sync.add(1, joint_state(START_NS), START_NS)
    assert sync.newest_set() is None
    assert sync.newest_messages()[0] is None
