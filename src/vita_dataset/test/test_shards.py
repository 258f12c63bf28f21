import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vita_dataset.raw_chunks import chunk_file
from vita_dataset.shards import CHECKSUM_BYTES, ShardWriter, checksum, index_bytes, is_sound, parse_index


def write(folder, rows, per_shard, first=0):
    writer = ShardWriter(folder, per_shard, 4, first)
    for row in rows:
        writer.append(row)
    writer.close()


def shard(folder, number):
    return np.fromfile(chunk_file(folder, number, 4), np.uint8)


def read(folder, number, per_shard):
    """The rows of a shard, None where there is none."""
    data = shard(folder, number)
    index = parse_index(data[-index_bytes(per_shard) :], len(data))
    rows = [None if length < 0 else data[start : start + length] for start, length in index.tolist()]
    assert all(row is None or is_sound(row) for row in rows)
    return [None if row is None else row[:-CHECKSUM_BYTES].tobytes() for row in rows]


def test_the_checksum_is_crc32c():
    assert checksum(b"123456789") == (0xE3069283).to_bytes(4, "little")  # the check value of CRC-32C


@given(rows=st.lists(st.binary(max_size=40), min_size=1, max_size=20), per_shard=st.sampled_from([1, 2, 4, 8]))
def test_rows_of_any_size_come_back(tmp_path_factory, rows, per_shard):
    folder = tmp_path_factory.mktemp("shards")
    write(folder, rows, per_shard)
    count = -(-len(rows) // per_shard)
    found = [row for number in range(count) for row in read(folder, number, per_shard)]
    assert found == rows + [None] * (count * per_shard - len(rows))
    assert not chunk_file(folder, count, 4).exists()


def test_two_writers_make_the_files_of_one(tmp_path):
    rows = [bytes([number] * number) for number in range(11)]
    write(tmp_path / "one", rows, 4)
    write(tmp_path / "two", rows[8:], 4, first=8)
    write(tmp_path / "two", rows[:8], 4)
    for number in range(3):
        np.testing.assert_array_equal(shard(tmp_path / "one", number), shard(tmp_path / "two", number))


@given(position=st.integers(0), bit=st.integers(0, 7))
def test_any_flipped_bit_of_the_index_is_noticed(tmp_path_factory, position, bit):
    folder = tmp_path_factory.mktemp("shards")
    write(folder, [b"abc", b"defgh", b"i"], 4)
    data = shard(folder, 0)
    index = data[-index_bytes(4) :].copy()
    index[position % len(index)] ^= 1 << bit
    assert parse_index(index, len(data)) is None


@pytest.mark.parametrize(
    "entry", [(0, 3), (1, 4), (0, 5), (2**63, 4), (0, 2**63), (2**64 - 4, 4), (4, 2**64 - 4), (2**64 - 1, 4)]
)
def test_rows_outside_the_file_are_noticed(entry):
    """Four bytes of rows: too short for a checksum, or past the end, also where the sum wraps around."""
    index = np.array([entry], "<u8").tobytes()
    data = np.frombuffer(index + checksum(index), np.uint8)
    assert parse_index(data, len(data) + 4) is None


def test_a_row_as_large_as_the_file_is_inside():
    index = np.array([(0, 4), (2**64 - 1, 2**64 - 1)], "<u8").tobytes()
    data = np.frombuffer(index + checksum(index), np.uint8)
    assert parse_index(data, len(data) + 4).tolist() == [[0, 4], [-1, -1]]
