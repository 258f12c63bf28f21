"""Training sets at a URL: made here, put there whole."""

import tempfile

import fsspec
import numpy as np
import pytest

from vita_dataset import remote_output
from vita_dataset.conversion_plan import plan_conversion
from vita_dataset.convert import convert
from vita_dataset.errors import DataError, UsageError
from vita_dataset.image_codec import ImageCodec
from vita_dataset.remote_output import RemoteOutput
from vita_dataset.selection import SourceRequest
from vita_dataset.zarr_store import open_dataset

ROOT = "memory://bucket/sets"


@pytest.fixture
def remote(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    yield RemoteOutput(ROOT)
    memory = fsspec.filesystem("memory")
    if memory.exists("/bucket"):
        memory.rm("/bucket", recursive=True)


@pytest.mark.parametrize("codec", ["raw", "jpeg"])
def test_what_is_there_is_what_would_be_here(record, tmp_path, remote, codec):
    source = record("recorded/lab/reach")
    plan = plan_conversion(SourceRequest(source), remote.staging, codec=ImageCodec.parse(codec))
    result = remote.convert(plan)
    here = open_dataset(convert(source, tmp_path / "here", codec=ImageCodec.parse(codec)).output)
    there = open_dataset("memory://bucket/sets/lab/reach")
    assert there.spec == here.spec == result.spec
    for key in (camera.key for camera in here.spec.cameras):
        np.testing.assert_array_equal(there.read_frames(key, [11, 0, 3]), here.read_frames(key, [11, 0, 3]))
    np.testing.assert_array_equal(there.action, here.action)
    assert not list(remote.staging.rglob("*.json"))  # nothing is left here


def test_what_is_there_stays_unless_told(record, remote):
    plan = plan_conversion(SourceRequest(record("recorded/lab/reach")), remote.staging)
    remote.convert(plan)
    other = plan_conversion(SourceRequest(record("b/x", lengths=(3,))), remote.staging, repo_id="lab/reach")
    with pytest.raises(UsageError, match="'memory://bucket/sets/lab/reach' exists; add --overwrite"):
        remote.convert(other)
    assert len(open_dataset("memory://bucket/sets/lab/reach")) == 12
    remote.convert(other, overwrite=True)
    assert len(open_dataset("memory://bucket/sets/lab/reach")) == 3


def test_a_failed_upload_is_repeated_without_converting_again(record, remote, monkeypatch):
    plan = plan_conversion(SourceRequest(record("recorded/lab/reach")), remote.staging)

    def unreachable(*_args, **_options):
        raise DataError("the bucket cannot be reached")

    with monkeypatch.context() as patch:
        patch.setattr(remote_output, "upload", unreachable)
        with pytest.raises(DataError, match=r"cannot be reached; the training set itself is whole in .*--resume"):
            remote.convert(plan)
    with monkeypatch.context() as patch:
        patch.setattr(remote_output, "run_conversion", lambda *_args, **_options: pytest.fail("converted again"))
        remote.convert(plan, resume=True)
    assert len(open_dataset("memory://bucket/sets/lab/reach")) == 12


def test_two_at_once(record, remote, monkeypatch):
    plan = plan_conversion(SourceRequest(record("recorded/lab/reach")), remote.staging)
    upload = remote_output.upload

    def meanwhile(*args, **options):
        with pytest.raises(DataError, match="another process"):
            remote.convert(plan)
        upload(*args, **options)

    monkeypatch.setattr(remote_output, "upload", meanwhile)
    remote.convert(plan)
    assert len(open_dataset("memory://bucket/sets/lab/reach")) == 12
    assert [path for path in remote.staging.rglob("*") if path.is_file()] == []


def test_only_the_same_is_uploaded_again(record, remote, monkeypatch):
    plan = plan_conversion(SourceRequest(record("recorded/lab/reach")), remote.staging)
    convert(record("b/x", lengths=(4,)), remote.staging, repo_id="lab/reach")  # left by another upload
    remote.convert(plan, resume=True)
    assert len(open_dataset("memory://bucket/sets/lab/reach")) == 12
