import shutil

import numpy as np
import pytest
from converted_files import KEYS, write_converted

from vita_dataset.converted_source import ConvertedSource
from vita_dataset.errors import UsageError
from vita_dataset.selection import Selection, SourceRequest
from vita_dataset.sources import open_source

FRONT, WRIST = KEYS


@pytest.fixture
def converted(tmp_path):
    return write_converted(tmp_path / "lab" / "reach", "raw")


def test_a_converted_dataset_is_a_source(converted):
    source = open_source(converted)
    assert isinstance(source, ConvertedSource)
    assert (list(source.left_out), source.source_episode(1)) == ([], 1)
    part = SourceRequest(converted, Selection(episodes=(1,), drop_keys=(FRONT,))).open()
    np.testing.assert_array_equal(list(part.episode(0).frames[WRIST](1)), list(source.episode(1).frames[WRIST]())[1:])
    assert (part.source_episode(0), part.length(0)) == (1, source.length(1))


def test_the_fingerprint_tells_converted_datasets_apart(converted):
    before = ConvertedSource(converted).fingerprint()
    other = shutil.copytree(converted, converted.with_name("other"))
    assert ConvertedSource(other).fingerprint() == before
    chunk = next((other / "data" / FRONT / "c").rglob("0"))
    chunk = next(path for path in chunk.rglob("*") if path.is_file()) if chunk.is_dir() else chunk
    content = bytearray(chunk.read_bytes())
    content[0] ^= 255
    chunk.write_bytes(content)
    assert ConvertedSource(other).fingerprint() != before


def test_it_has_one_state_and_one_action(converted):
    key = ConvertedSource(converted).spec.state.key
    assert SourceRequest(converted, Selection(state_key=key)).open().spec.state.key == key
    with pytest.raises(UsageError, match=r"'effort' was asked for as the state, but .* has only"):
        SourceRequest(converted, Selection(state_key="effort")).open()
