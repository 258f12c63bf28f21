import multiprocessing
import pickle
import resource

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vita_dataset import local_folder
from vita_dataset.errors import DataError
from vita_dataset.file_identity import FileIdentity
from vita_dataset.local_folder import LocalFolder
from vita_dataset.raw_chunks import ChunkReader, ChunkWriter, chunk_file, rows_per_chunk


def store(folder, rows, most=4):
    writer = ChunkWriter(folder, rows.shape[1:], rows.dtype.name, most)
    for row in rows:
        writer.append(row)
    writer.close()
    return reopen(folder, writer.shape, writer.chunk_shape, rows.dtype.name)


def reopen(folder, shape, chunk_shape, dtype):
    return ChunkReader(LocalFolder(folder.parent), folder.name, shape, chunk_shape, dtype, FileIdentity.of(folder))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(1, 13), picks=st.lists(st.integers(0, 12), max_size=20), number=st.integers())
def test_gathers_what_was_written_in_the_order_asked_for(tmp_path, count, picks, number):
    rows = np.random.default_rng(count).integers(0, 256, (count, 3, 2), dtype=np.uint8)
    reader = store(tmp_path / f"{count}_{number}_{len(picks)}", rows)
    wanted = np.array([pick % count for pick in picks], dtype=np.int64)
    gathered = reader.read(wanted)
    np.testing.assert_array_equal(gathered, rows[wanted])
    np.testing.assert_array_equal(reader.read_all(), rows)
    assert gathered.flags["OWNDATA"]


@pytest.mark.parametrize(
    ("row_bytes", "most", "rows"),
    [(240 * 320 * 3, 256, 64), (96 * 128 * 3, 256, 256), (480 * 640 * 3, 256, 16), (1 << 30, 256, 1), (4, 4096, 4096)],
)
def test_a_chunk_is_some_megabytes(row_bytes, most, rows):
    assert rows_per_chunk(row_bytes, most) == rows


def test_parts_make_the_chunks_of_the_whole(tmp_path):
    rows = np.arange(22, dtype=np.float32).reshape(11, 2)
    store(tmp_path / "whole", rows)
    for first in (8, 0):
        part = ChunkWriter(tmp_path / "parts", (2,), "float32", 4, first)
        for row in rows[first:] if first else rows[:8]:
            part.append(row)
        part.close()
    np.testing.assert_array_equal(reopen(tmp_path / "parts", (11, 2), (4, 2), "float32").read_all(), rows)


def test_rows_outside_are_refused(tmp_path):
    reader = store(tmp_path, np.zeros((5, 2), np.float32))
    for row in (-1, 5):
        with pytest.raises(IndexError):
            reader.read(np.array([0, row]))
    assert reader.read(np.array([], dtype=np.int64)).shape == (0, 2)


def test_missing_and_short_chunks_are_named(tmp_path):
    store(tmp_path, np.zeros((9, 2), np.float32))
    last = chunk_file(tmp_path, 2, 2)
    last.write_bytes(b"short")
    with pytest.raises(DataError, match="has 5 bytes, but 32"):
        reopen(tmp_path, (9, 2), (4, 2), "float32")
    last.unlink()
    with pytest.raises(DataError, match="is missing"):
        reopen(tmp_path, (9, 2), (4, 2), "float32")


def test_pickles_without_its_files(tmp_path):
    rows = np.arange(20, dtype=np.float32).reshape(10, 2)
    reader = store(tmp_path, rows)
    reader.read(np.arange(10))
    again = pickle.loads(pickle.dumps(reader))
    np.testing.assert_array_equal(again.read(np.arange(10)), rows)


def read_with_few_descriptors(folder):
    count = len(list((folder / "c").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    readers = [reopen(folder, (count, 2), (1, 2), "float32") for _ in range(3)]
    for reader in readers:
        assert (reader.read(np.arange(count))[:, 0] == np.arange(count)).all()


def test_any_number_of_chunks_and_readers_needs_few_descriptors(tmp_path):
    store(tmp_path, np.repeat(np.arange(400, dtype=np.float32), 2).reshape(400, 2), most=1)
    process = multiprocessing.get_context("fork").Process(target=read_with_few_descriptors, args=(tmp_path,))
    process.start()
    process.join(30)
    assert process.exitcode == 0


def test_a_file_that_is_pushed_out_is_closed_after_the_read(tmp_path, monkeypatch):
    rows = np.arange(8, dtype=np.float32).reshape(4, 2)
    reader = store(tmp_path, rows, most=1)
    read = local_folder.os.preadv

    def pushed_out(descriptor, buffers, offset):
        local_folder._open.cache_clear()
        return read(descriptor, buffers, offset)

    monkeypatch.setattr(local_folder.os, "preadv", pushed_out)
    np.testing.assert_array_equal(reader.read_all(), rows)


def test_a_chunk_that_shrinks_or_goes_while_open_is_named(tmp_path):
    reader = store(tmp_path, np.zeros((9, 2), np.float32))
    chunk_file(tmp_path, 0, 2).write_bytes(b"short")
    with pytest.raises(DataError, match="c/0/0' ends early"):
        reader.read_all()
    chunk_file(tmp_path, 1, 2).unlink()
    with pytest.raises(DataError, match=r"c/1/0' cannot be read \(No such file"):
        reader.read(np.array([4]))
