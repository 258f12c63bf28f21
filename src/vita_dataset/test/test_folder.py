from pathlib import Path

import pytest

from vita_dataset.folder import is_url, open_folder
from vita_dataset.local_folder import LocalFolder
from vita_dataset.remote_folder import RemoteFolder


@pytest.mark.parametrize(
    "text", ["s3://bucket/a", "memory://a", "file:///a", "zip::file://a.zip", "simplecache::s3://b"]
)
def test_urls(text):
    assert is_url(text)


@pytest.mark.parametrize("text", ["", "a/b", "/a", "~/a", "./s3://a", "a:b", "C:/a", "s3:/bucket/a", "://a"])
def test_paths(text):
    assert not is_url(text)


def test_a_file_url_is_its_path(tmp_path):
    assert open_folder(f"file://{tmp_path}") == LocalFolder(tmp_path)
    assert open_folder(f"local://{tmp_path}") == LocalFolder(tmp_path)
    assert open_folder(tmp_path) == open_folder(str(tmp_path)) == LocalFolder(tmp_path)
    assert open_folder(Path("s3://bucket/a")) == LocalFolder(Path("s3:/bucket/a"))


def test_other_urls_are_remote():
    assert open_folder("memory://a/") == RemoteFolder("memory://a")
