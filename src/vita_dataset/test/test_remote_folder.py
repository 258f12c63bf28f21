import pickle

import fsspec
import numpy as np
import pytest

from vita_dataset.errors import DataError
from vita_dataset.remote_folder import RemoteFolder, shown


@pytest.fixture
def url(tmp_path):
    """A folder of two files in memory, which no other test sees."""
    filesystem, root = fsspec.core.url_to_fs(f"memory://{tmp_path}")
    filesystem.pipe({f"{root}/config.json": b"{}", f"{root}/c/0": bytes(range(100)), f"{root}/c/1": b"abcdef"})
    yield f"memory://{tmp_path}"
    if filesystem.exists(root):
        filesystem.rm(root, recursive=True)


def test_reads_files_and_sizes(url):
    folder = RemoteFolder(url)
    assert folder.exists()
    assert not RemoteFolder(f"{url}/none").exists()
    assert folder.read("c/1") == b"abcdef"
    assert folder.read("c/2") is None
    assert folder.read("c") is None
    assert folder.sizes(["c/0", "c/2", "c/1"]) == [100, -1, 6]
    assert folder.sizes(["none/c/0"]) == [-1]
    assert folder.sizes([]) == []


def test_gathers_ranges_and_asks_once_for_neighbours(url, monkeypatch):
    folder = RemoteFolder(url)
    filesystem = type(fsspec.filesystem("memory"))
    asked, real = [], filesystem.cat_ranges

    def counting(self, paths, *args, **kwargs):
        asked.extend(paths)
        return real(self, paths, *args, **kwargs)

    monkeypatch.setattr(filesystem, "cat_ranges", counting)
    out = np.zeros((4, 2), np.uint16)
    folder.gather(
        ["c/0", "c/0", "c/1", "c/0"], [8, 12, 1, 0], [out[n : n + 1] for n in range(4)], folder.identity("config.json")
    )
    assert out.astype("<u2").tobytes() == bytes([*range(8, 16), *b"bcde", *range(4)])
    assert len(asked) == 3


def test_files_that_are_missing_or_short_are_named(url):
    folder = RemoteFolder(url)
    identity = folder.identity("config.json")
    with pytest.raises(DataError, match="c/1' ends early"):
        folder.gather(["c/1"], [4], [np.zeros(3, np.uint8)], identity)
    with pytest.raises(DataError, match=r"cannot be read or written .*; check the URL"):
        folder.gather(["c/9"], [0], [np.zeros(3, np.uint8)], identity)
    with pytest.raises(DataError, match=r"none.json' does not exist"):
        folder.identity("none.json")


def test_a_replaced_dataset_is_noticed(url):
    folder = RemoteFolder(url)
    identity = folder.identity("config.json")
    again = pickle.loads(pickle.dumps(identity))
    again.check()
    fsspec.filesystem("memory").pipe(f"{url.removeprefix('memory:/')}/config.json", b"{ }")
    for one in (identity, again):
        with pytest.raises(DataError, match="was replaced or removed while it was being read"):
            folder.gather(["c/1"], [0], [np.zeros(3, np.uint8)], one)


def test_an_unknown_kind_of_url_is_one_sentence():
    with pytest.raises(DataError, match=r"'nosuch://a/config.json' cannot be read or written .*nosuch"):
        RemoteFolder("nosuch://a").read("config.json")


@pytest.mark.parametrize("error", [PermissionError("denied"), RuntimeError("no credentials"), KeyError("odd")])
def test_whatever_a_library_raises_is_one_sentence(url, monkeypatch, error):
    def failing(*_args, **_kwargs):
        raise error

    monkeypatch.setattr(type(fsspec.filesystem("memory")), "cat_file", failing)
    with pytest.raises(DataError, match=r"config.json' cannot be read or written .*; check the URL, the network"):
        RemoteFolder(url).read("config.json")


def test_a_missing_package_is_named(monkeypatch):
    def failing(_url):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec.core, "url_to_fs", failing)
    with pytest.raises(DataError, match=r"a package for this kind of URL is missing \(Install s3fs"):
        RemoteFolder("s3://bucket/a").read("config.json")


def test_messages_show_no_password(monkeypatch):
    assert shown("ftp://me:secret@host/a@b") == "ftp://host/a@b"
    assert shown("simplecache::s3://bucket/a") == "simplecache::s3://bucket/a"
    assert str(RemoteFolder("ftp://me:secret@host/a")) == "ftp://host/a"
