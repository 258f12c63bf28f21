import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from converted_files import flat
from hypothesis import given
from hypothesis import strategies as st

from vita_dataset.errors import DataError
from vita_dataset.file_identity import FileIdentity
from vita_dataset.jpeg import decode_jpeg, encode_jpeg
from vita_dataset.jpeg_reader import JpegReader
from vita_dataset.local_folder import LocalFolder
from vita_dataset.raw_chunks import chunk_file
from vita_dataset.shards import ShardWriter, checksum, index_bytes

SIZE = (16, 24)


def write(root, images, per_shard=4):
    """Store frames and give the pixels that must come back."""
    writer = ShardWriter(root / "front", per_shard, 4)
    encoded = [encode_jpeg(image, 90) for image in images]
    for data in encoded:
        writer.append(data.tobytes())
    writer.close()
    return np.stack([decode_jpeg(data, *SIZE) for data in encoded])


def reader(root, count, per_shard=4):
    return JpegReader(LocalFolder(root), "front", (count, *SIZE, 3), per_shard, FileIdentity.of(root))


def pictures(count):
    return [flat(number % 3, 0, number % 16, SIZE) for number in range(count)]


@given(
    count=st.integers(1, 11),
    per_shard=st.sampled_from([1, 2, 4, 8]),
    picks=st.lists(st.lists(st.integers(0, 10), max_size=9), max_size=3),
)
def test_gathers_what_was_written_in_the_order_asked_for(tmp_path_factory, count, per_shard, picks):
    root = tmp_path_factory.mktemp("set")
    stored, opened = write(root, pictures(count), per_shard), reader(root, count, per_shard)
    for pick in picks:
        wanted = np.array([number % count for number in pick], np.int64)
        found = opened.read(wanted)
        np.testing.assert_array_equal(found, stored[wanted].reshape(-1, *SIZE, 3))
        assert found.flags["OWNDATA"]


def test_rows_outside_are_refused(tmp_path):
    write(tmp_path, pictures(5))
    for row in (-1, 5, 7):
        with pytest.raises(IndexError):
            reader(tmp_path, 5).read(np.array([row]))


def test_threads_and_pickles_read_the_same(tmp_path):
    stored = write(tmp_path, pictures(40))
    opened = reader(tmp_path, 40)
    rows = [np.random.default_rng(number).integers(0, 40, 20) for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        for wanted, found in zip(rows, pool.map(opened.read, rows), strict=True):
            np.testing.assert_array_equal(found, stored[wanted])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(opened)).read(rows[0]), stored[rows[0]])


def test_missing_and_short_shards_are_named(tmp_path):
    write(tmp_path, pictures(6))
    last = chunk_file(tmp_path / "front", 1, 4)
    last.write_bytes(last.read_bytes()[-index_bytes(4) + 1 :])
    with pytest.raises(DataError, match="front/c/1/0/0/0' has 67 bytes, but at least 68"):
        reader(tmp_path, 6)
    last.unlink()
    with pytest.raises(DataError, match="front/c/1/0/0/0' is missing"):
        reader(tmp_path, 6)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:100] + b"\0" + data[101:], r"frame 4 in '.*front/c/1/0/0/0' is damaged: its checksum"),
        (lambda data: data[:-1], "the index at the end of '.*front/c/1/0/0/0' is damaged"),
        (lambda data: data[1:], "the index at the end of '.*front/c/1/0/0/0' is damaged"),
        (lambda data: data[:-68] + b"\7" + data[-67:], "the index at the end of '.*front/c/1/0/0/0' is damaged"),
    ],
)
def test_damage_is_named(tmp_path, damage, message):
    stored = write(tmp_path, pictures(6))
    last = chunk_file(tmp_path / "front", 1, 4)
    last.write_bytes(damage(last.read_bytes()))
    opened = reader(tmp_path, 6)
    np.testing.assert_array_equal(opened.read(np.arange(4)), stored[:4])
    with pytest.raises(DataError, match=message):
        opened.read(np.array([5, 4]))


def test_a_shard_with_fewer_frames_than_there_are_steps_is_refused(tmp_path):
    write(tmp_path, pictures(6))
    with pytest.raises(DataError, match=r"the index at the end of '.*front/c/1/0/0/0' is damaged"):
        reader(tmp_path, 7).read(np.array([6]))


def test_sound_bytes_that_are_no_such_picture_are_refused(tmp_path):
    writer = ShardWriter(tmp_path / "front", 2, 4)
    writer.append(b"no picture")
    writer.append(encode_jpeg(np.zeros((8, 8, 3), np.uint8), 90).tobytes())
    writer.close()
    with pytest.raises(DataError, match=r"frame 0 in .* is damaged: it is no JPEG"):
        reader(tmp_path, 2, 2).read(np.array([0]))
    with pytest.raises(DataError, match=r"frame 1 in .* is damaged: it has 8x8 pixels, not 16x24"):
        reader(tmp_path, 2, 2).read(np.array([1]))


def test_a_shard_that_goes_while_it_is_read_is_named(tmp_path):
    write(tmp_path, pictures(6))
    opened = reader(tmp_path, 6)
    path = chunk_file(tmp_path / "front", 1, 4)
    path.unlink()
    with pytest.raises(DataError, match=r"c/1/0/0/0' cannot be read \(No such file"):
        opened.read(np.array([5]))
    index = np.array([(0, 4000)] * 4, "<u8").tobytes()
    path.write_bytes(index + checksum(index))
    with pytest.raises(DataError, match="ends early"):
        opened.read(np.array([5]))
