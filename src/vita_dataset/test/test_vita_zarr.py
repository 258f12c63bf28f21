"""One array of zarr's older layout, against zarr itself."""

import json
import pickle

import numpy as np
import pytest
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numcodecs import LZ4, Blosc, GZip, Zlib, Zstd

from vita_dataset.errors import DataError
from vita_dataset.vita_zarr import VitaArray

CODECS = [None, Blosc("zstd", 5, Blosc.BITSHUFFLE), Blosc("lz4"), Zstd(3), LZ4(), Zlib(1), GZip(1)]


def write(path, values, chunks, codec=CODECS[1], **options):
    array = zarr.create_array(
        path, shape=values.shape, chunks=chunks, dtype=values.dtype, compressors=codec, zarr_format=2,
        overwrite=True, config={"write_empty_chunks": True}, **options,
    )  # fmt: skip
    array[...] = values
    return path


@pytest.mark.parametrize("codec", CODECS, ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
def test_reads_what_zarr_wrote(tmp_path, codec, order):
    values = np.random.default_rng(0).integers(0, 256, (7, 5, 6, 3), dtype=np.uint8)
    array = VitaArray(write(tmp_path / "a", values, (3, 5, 6, 3), codec, order=order))
    assert (array.shape, array.dtype, array.rows_per_chunk, len(array)) == ((7, 5, 6, 3), np.uint8, 3, 7)
    np.testing.assert_array_equal(array.read(0, 7), values)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_rows_of_any_chunks(tmp_path, data):
    shape = tuple(data.draw(st.lists(st.integers(1, 7), min_size=1, max_size=3)))
    chunks = tuple(data.draw(st.integers(1, 8)) for _ in shape)
    kind = data.draw(st.sampled_from(["u1", "<f4", ">f4", "<i8"]))
    first = data.draw(st.integers(0, shape[0]))
    stop = data.draw(st.integers(first, shape[0]))
    separator = data.draw(st.sampled_from([".", "/"]))
    values = 1 + np.arange(np.prod(shape)).reshape(shape).astype(kind)
    path = write(tmp_path / "a", values, chunks, chunk_key_encoding={"name": "v2", "separator": separator})
    found = VitaArray(path).read(first, stop)
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(found, values[first:stop])


@pytest.fixture
def stored(tmp_path):
    return write(tmp_path / "a", np.arange(10, dtype=np.float32), (4,))


def test_a_missing_chunk_is_no_zeros(stored):
    array = VitaArray(stored)
    (stored / "1").unlink()
    with pytest.raises(DataError, match=r"a/1' is missing, a part of an array of \[10\]"):
        array.read(0, 10)
    with pytest.raises(DataError, match=r"a/1' is missing"):
        VitaArray(stored)


@pytest.mark.parametrize("damage", [lambda _whole: b"", lambda whole: whole[:-3], lambda whole: b"\xff" * len(whole)])
def test_a_damaged_chunk_is_named(stored, damage):
    chunk = stored / "2"
    chunk.write_bytes(damage(chunk.read_bytes()))
    array = VitaArray(stored)
    assert array.read(0, 8).tolist() == list(range(8))
    with pytest.raises(DataError, match=r"a/2' cannot be decoded"):
        array.read(8, 10)


class Trap:
    def __reduce__(self):
        return (pytest.fail, ("a file was executed",))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"zarr_format": 3}, "no array of zarr's version 2"),
        ({"order": "CF"}, "no array of zarr's version 2"),
        ({"shape": [10, 2]}, "into chunks of"),
        ({"shape": []}, "into chunks of"),
        ({"shape": [10.5]}, "'shape' in .* must be whole numbers above 0"),
        ({"chunks": [0]}, "'chunks' in .* must be whole numbers above 0"),
        ({"chunks": [1 << 35]}, "bytes, which cannot be"),
        ({"shape": [100]}, "a/3' is missing"),
        ({"shape": [1 << 39], "chunks": [1]}, "chunks, which cannot be"),
        ({"dtype": "|O"}, "only numbers are read"),
        ({"dtype": "nonsense"}, "no kind of number"),
        ({"filters": [{"id": "pickle"}]}, "names filters"),
        ({"compressor": {"id": "pickle"}}, "compressor in .* must be one of"),
        ({"compressor": {"id": "blosc", "cname": 3, "much": 4}}, "settings that make no sense"),
        ({"compressor": None}, "cannot be decoded"),
        ({"dtype": "<f8"}, "cannot be decoded"),
        ({"shape": None}, "'shape' in .* is missing"),
    ],
)
def test_metadata_that_is_refused(stored, change, message):
    file = stored / ".zarray"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    (stored / "0").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(DataError, match=message):
        VitaArray(stored).read(0, 4)


def test_no_array_at_all(tmp_path):
    with pytest.raises(DataError, match=r"\.zarray' is not readable JSON"):
        VitaArray(tmp_path)
