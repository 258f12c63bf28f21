"""Whatever becomes of the bytes of a recording, reading it ends in a reason or the data, never a traceback."""

import contextlib
import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lerobot_v3_files import write_v3
from vita_zarr_files import write_vita_zarr

from vita_dataset.errors import DataError
from vita_dataset.sources import open_source

LENGTHS = (3, 2)


def damaged(content, draw):
    """The content cut short, with bytes changed, or with bytes put in or taken out."""
    kind = draw(st.sampled_from(["cut", "change", "insert", "remove"]))
    # Near both ends lie the parts that tell where the others are.
    start = draw(
        st.integers(0, len(content)) | st.integers(0, 40) | st.integers(0, 400).map(lambda n: len(content) - n)
    )
    start = min(max(start, 0), len(content))
    if kind == "cut":
        return content[:start]
    if kind == "remove":
        return content[:start] + content[start + draw(st.integers(1, 16)) :]
    piece = draw(
        st.binary(min_size=1, max_size=4) | st.sampled_from([b"\0", b"\xff" * 4, b"-", b"9", b"null", b"1e999", b"{"])
    )
    return content[:start] + piece + content[start + (len(piece) if kind == "change" else 0) :]


def read_everything(root):
    source = open_source(root, threads=1)
    for index in range(min(source.episode_count, 4)):
        source.length(index)
        for frames in source.episode(index).frames.values():
            list(frames(1, None))
            list(frames())
    source.fingerprint()


def state(root):
    return {path: hashlib.sha256(path.read_bytes()).digest() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def recordings(record, tmp_path):
    """v2.1 with images in the tables, v2.1 with videos, v3.0 with either, and one of the original VITA code.

    Of MPEG-4 video: its encoder gives the same bytes each time, so that the same examples do the same damage.
    """
    old = [
        record(f"old/{codec}", lengths=LENGTHS, codec=codec, cameras=("image",), size=(16, 16))
        for codec in (None, "mpeg4")
    ]
    new = [write_v3(root, tmp_path / "new" / root.name) for root in old]
    return [*old, *new, write_vita_zarr(tmp_path / "zarr" / "reach", LENGTHS)]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data())
def test_damage_never_ends_in_a_traceback_or_changes_the_recording(recordings, data):
    root = data.draw(st.sampled_from(recordings), label="recording")
    path = data.draw(st.sampled_from(sorted(path for path in root.rglob("*") if path.is_file())), label="file")
    whole = path.read_bytes()
    try:
        path.write_bytes(damaged(whole, data.draw))
        before = state(root)
        with contextlib.suppress(DataError):
            read_everything(root)
        assert state(root) == before
    finally:
        path.write_bytes(whole)
