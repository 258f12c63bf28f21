import fsspec
import numpy as np
import pytest
import zarr
from converted_files import FRONT, write_converted
from zarr.storage import FsspecStore

from vita_dataset.errors import DataError, UsageError
from vita_dataset.upload import UNFINISHED, upload
from vita_dataset.zarr_store import is_converted, open_dataset


@pytest.fixture
def memory():
    filesystem = fsspec.filesystem("memory")
    yield filesystem
    filesystem.store.clear()
    filesystem.pseudo_dirs[:] = [""]


@pytest.mark.parametrize("codec", ["raw", "jpeg"])
def test_what_was_uploaded_reads_the_same(tmp_path, memory, codec):
    local = write_converted(tmp_path / "set", codec)
    progress = []
    upload(local, "memory://lab/reach", on_progress=lambda done, total: progress.append((done, total)))
    assert is_converted("memory://lab/reach")
    here, there = open_dataset(local), open_dataset("memory://lab/reach")
    rows = [11, 0, 3, 4, 5, 0]
    np.testing.assert_array_equal(there.read_frames(FRONT, rows), here.read_frames(FRONT, rows))
    np.testing.assert_array_equal(there.state, here.state)
    for mine, other in zip(there.episode(1).frames[FRONT](2), here.episode(1).frames[FRONT](2), strict=True):
        np.testing.assert_array_equal(mine, other)
    assert there.episode(1).table.task == "task 1"
    group = zarr.open_group(FsspecStore.from_url("memory://lab/reach"), mode="r")
    np.testing.assert_array_equal(group[f"data/{FRONT}"][:], here.read_frames(FRONT, range(12)))
    count = sum(path.is_file() for path in local.rglob("*"))
    assert progress[0] == (0, count)
    assert progress[-1] == (count, count)
    assert len(memory.find("/lab")) == count
    with pytest.raises(DataError, match="'memory://lab/reach' is at a URL, but a local folder is needed"):
        _ = there.path


def test_a_dataset_is_replaced_only_when_told_to(tmp_path, memory):
    upload(write_converted(tmp_path / "old", lengths=(5, 7)), "memory://lab/reach")
    memory.pipe("/lab/reach/data/stale/c/0", b"of the old one")
    before, opened = dict(memory.store), open_dataset("memory://lab/reach")
    new = write_converted(tmp_path / "new", "jpeg", lengths=(4,))
    with pytest.raises(UsageError, match="is a dataset already; add --overwrite"):
        upload(new, "memory://lab/reach")
    assert memory.store == before
    upload(new, "memory://lab/reach/", overwrite=True)
    assert len(open_dataset("memory://lab/reach")) == 4
    assert not memory.exists("/lab/reach/data/stale/c/0")
    with pytest.raises(DataError, match="was replaced or removed"):
        opened.read_frames(FRONT, [0])


def test_something_else_is_never_touched(tmp_path, memory):
    local = write_converted(tmp_path / "set")
    memory.pipe("/lab/reach/thesis.tex", b"all of it")
    with pytest.raises(DataError, match="holds something else"):
        upload(local, "memory://lab/reach", overwrite=True)
    memory.pipe("/lab/file", b"a file")
    with pytest.raises(DataError, match="holds something else"):
        upload(local, "memory://lab/file", overwrite=True)
    assert {path: bytes(file.getbuffer()) for path, file in memory.store.items()} == {
        "/lab/reach/thesis.tex": b"all of it",
        "/lab/file": b"a file",
    }


def test_what_is_no_dataset_is_not_uploaded(tmp_path, memory):
    (tmp_path / "set").mkdir()
    with pytest.raises(DataError, match="is no converted dataset, so it is not uploaded"):
        upload(tmp_path / "set", "memory://lab/reach")
    assert not memory.store


@pytest.mark.parametrize("old", [False, True])
def test_an_upload_that_is_cut_short_never_opens_and_is_replaced(tmp_path, memory, monkeypatch, old):
    """Cut after any number of files: what is there is the old dataset, nothing that opens, or the whole new one."""
    url, local = "memory://lab/reach", write_converted(tmp_path / "new", lengths=(4,))
    kind = type(memory)
    put_file = kind.put_file
    count = sum(path.is_file() for path in local.rglob("*"))
    for allowed in (0, 1, count // 2, count - 1):
        if old:
            upload(write_converted(tmp_path / f"old{allowed}"), url, overwrite=True)
        left = iter(range(allowed))

        def failing(self, *args, left=left, **kwargs):
            if next(left, None) is None:
                raise OSError("the network is gone")
            return put_file(self, *args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(kind, "put_file", failing)
            with pytest.raises(
                DataError, match=r"'memory://lab/reach' cannot be read or written \(the network is gone"
            ):
                upload(local, url, overwrite=old)
        assert not is_converted(url)
        assert memory.exists(f"/lab/reach/{UNFINISHED}")
        upload(local, url)
        assert len(open_dataset(url)) == 4
        assert not memory.exists(f"/lab/reach/{UNFINISHED}")
        memory.rm("/lab", recursive=True)


def test_a_file_that_arrives_with_another_size_is_named(tmp_path, memory, monkeypatch):
    kind = type(memory)
    put_file = kind.put_file

    def losing(self, local, remote, **kwargs):
        put_file(self, local, remote, **kwargs)
        if remote.endswith("stats.json"):
            self.pipe_file(remote, b"half")

    monkeypatch.setattr(kind, "put_file", losing)
    with pytest.raises(DataError, match=r"meta/stats.json' has 4 bytes after the upload instead of \d+"):
        upload(write_converted(tmp_path / "set"), "memory://lab/reach")
    assert not is_converted("memory://lab/reach")
