"""Ranges cover all steps once, share no file, and are handed out so that decoders go on where they stand."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from vita_dataset.range_plan import LONGEST, MOST_RANGES, SHORTEST, choose, plan_ranges

LENGTHS = st.lists(st.integers(1, 3000), min_size=1, max_size=30)
ALIGNMENTS = st.sampled_from([1, 2, 16, 64, 256])


@settings(max_examples=200)
@given(lengths=LENGTHS, alignment=ALIGNMENTS)
def test_every_step_is_in_one_range(lengths, alignment):
    ranges = plan_ranges(lengths, alignment)
    steps = [
        (piece.episode, step) for part in ranges for piece in part.pieces for step in range(piece.first, piece.stop)
    ]
    assert steps == [(episode, step) for episode, length in enumerate(lengths) for step in range(length)]
    first = 0
    for number, part in enumerate(ranges):
        assert (part.number, part.first) == (number, first)
        assert part.first % alignment == 0
        assert all(piece.first < piece.stop for piece in part.pieces)
        first += len(part)
    assert all(len(part) >= SHORTEST for part in ranges[:-1])
    assert all(len(part) <= LONGEST + alignment for part in ranges)
    assert len(ranges) <= max(MOST_RANGES + 1, sum(lengths) // LONGEST + 1)


def test_a_long_recording_has_short_enough_ranges():
    assert max(len(part) for part in plan_ranges([500] * 1000, 64)) == LONGEST
    assert [len(part) for part in plan_ranges([100] * 10, 64)] == [256, 256, 256, 232]


@settings(max_examples=100)
@given(count=st.integers(1, 60), workers=st.integers(1, 8), seed=st.integers(0, 1000))
def test_every_range_is_done_once_and_mostly_in_a_row(count, workers, seed):
    pending, done, jumps = set(range(count)), [], 0
    last: list[int | None] = [None] * workers
    current: list[int | None] = [None] * workers
    order = random.Random(seed)
    while pending or any(number is not None for number in current):
        for worker in range(workers):
            if current[worker] is None and pending:
                busy = [number for number in current if number is not None]
                current[worker] = choose(pending, last[worker], busy)
                pending.remove(current[worker])
                jumps += last[worker] is None or current[worker] != last[worker] + 1
        worker = order.choice([worker for worker in range(workers) if current[worker] is not None])
        done.append(current[worker])
        last[worker], current[worker] = current[worker], None
    assert sorted(done) == list(range(count))
    # A worker jumps at its start, and each time it runs into another's part: halving, so few times.
    assert jumps <= workers * (2 + count.bit_length())


def test_two_workers_share_the_work_in_halves():
    pending = set(range(8))
    assert choose(pending, None, []) == 0
    pending.remove(0)
    assert choose(pending, None, [0]) == 4
    pending.remove(4)
    assert (choose(pending, 0, [4]), choose(pending, 4, [0])) == (1, 5)
