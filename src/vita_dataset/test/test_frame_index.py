import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vita_dataset.frame_index import FrameIndex, PacketTimes

# I B B P in the order of decoding, twice, with an open group of pictures at the second I.
PACKETS = [
    PacketTimes(0, -2, True),
    PacketTimes(3, -1, False),
    PacketTimes(1, 0, False),
    PacketTimes(2, 1, False),
    PacketTimes(6, 2, True),
    PacketTimes(4, 3, False),
    PacketTimes(5, 4, False),
]


def test_frames_are_numbered_as_they_are_shown():
    index = FrameIndex.of(PACKETS)
    assert index.shown.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert (index.entries.tolist(), index.decoded.tolist()) == ([0, 6], [-2, 2])
    assert [index.entry_before(frame) for frame in (0, 3, 5, 6)] == [0, 0, 0, 1]


def test_packets_without_a_frame_count_for_nothing():
    cut = [packet._replace(shown=None) if number in (0, 2) else packet for number, packet in enumerate(PACKETS)]
    index = FrameIndex.of(cut)
    assert index.shown.tolist() == [2, 3, 4, 5, 6]
    assert (index.entries.tolist(), index.decoded.tolist()) == ([0, 4], [-2, 2])
    assert len(FrameIndex.of([])) == 0


def test_a_time_that_two_frames_share_is_no_place_to_begin():
    packets = [PacketTimes(0, 0, True), PacketTimes(1, 1, True), PacketTimes(1, 2, False), PacketTimes(2, 3, True)]
    assert FrameIndex.of(packets).entries.tolist() == [0, 3]


@given(st.lists(st.tuples(st.integers(-3, 40), st.booleans()), min_size=1, max_size=30))
def test_the_entry_before_is_the_last_that_is_not_later(times):
    index = FrameIndex.of(PacketTimes(shown, place, is_key) for place, (shown, is_key) in enumerate(times))
    assert (np.diff(index.shown) >= 0).all()
    assert (np.diff(index.entries) > 0).all()
    assert index.entries[0] == 0
    for frame in range(len(index)):
        entry = index.entry_before(frame)
        assert index.entries[entry] <= frame
        assert entry + 1 == len(index.entries) or index.entries[entry + 1] > frame
