import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vita_dataset import raw_chunks
from vita_dataset.errors import DataError
from vita_dataset.raw_chunks import ChunkReader, ChunkWriter, chunk_file, rows_per_chunk


def store(folder, rows, most=4):
    writer = ChunkWriter(folder, rows.shape[1:], rows.dtype.name, most)
    for row in rows:
        writer.append(row)
    writer.close()
    return ChunkReader(folder, writer.shape, writer.chunk_shape, rows.dtype.name)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(1, 13), picks=st.lists(st.integers(0, 12), max_size=20), number=st.integers())
def test_gathers_what_was_written_in_the_order_asked_for(tmp_path, count, picks, number):
    rows = np.random.default_rng(count).integers(0, 256, (count, 3, 2), dtype=np.uint8)
    reader = store(tmp_path / f"{count}_{number}_{len(picks)}", rows)
    wanted = np.array([pick % count for pick in picks], dtype=np.int64)
    gathered = reader.read(wanted)
    np.testing.assert_array_equal(gathered, rows[wanted])
    assert gathered.flags["OWNDATA"]


@pytest.mark.parametrize(
    ("row_bytes", "most", "rows"),
    [(240 * 320 * 3, 256, 64), (96 * 128 * 3, 256, 256), (480 * 640 * 3, 256, 16), (1 << 30, 256, 1), (4, 4096, 4096)],
)
def test_a_chunk_is_some_megabytes(row_bytes, most, rows):
    assert rows_per_chunk(row_bytes, most) == rows


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
        ChunkReader(tmp_path, (9, 2), (4, 2), "float32")
    last.unlink()
    with pytest.raises(DataError, match="is missing"):
        ChunkReader(tmp_path, (9, 2), (4, 2), "float32")


def test_pickles_without_its_maps(tmp_path):
    rows = np.arange(20, dtype=np.float32).reshape(10, 2)
    reader = store(tmp_path, rows)
    reader.read(np.arange(10))
    again = pickle.loads(pickle.dumps(reader))
    np.testing.assert_array_equal(again.read(np.arange(10)), rows)


def resident_bytes():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssFile"))


def test_touched_pages_are_handed_back(tmp_path, monkeypatch):
    monkeypatch.setattr(raw_chunks, "RELEASE_BYTES", 2 << 20)
    monkeypatch.setattr(raw_chunks, "MAX_OPEN_MAPS", 20)
    reader = store(tmp_path, np.ones((48, 1 << 20), np.uint8), most=2)
    reader.read(np.array([0]))
    before = resident_bytes()
    for row in range(48):
        assert reader.read(np.array([row])).all()
    assert resident_bytes() - before < 12 << 20
