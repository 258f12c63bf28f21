"""Puts a converted dataset at a URL.

Object stores have no rename, so a dataset cannot appear there at once. Instead config.json, without which nothing
opens, is the first file to go and the last to come.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vita_dataset.errors import DataError, UsageError
from vita_dataset.progress import Progress, no_progress
from vita_dataset.remote_folder import join, open_filesystem, remote_errors, shown
from vita_dataset.zarr_store import is_converted

CONFIG = "config.json"
UNFINISHED = "upload.unfinished"
"""A file that is there while an upload is; what lies beside it may be replaced."""
FILES_AT_ONCE = 16


def upload(local: Path, url: str, *, overwrite: bool = False, on_progress: Progress = no_progress) -> None:
    """Copy a converted dataset to a URL and check the sizes of all files there.

    Readers that have the old dataset open end with a ``DataError``. An upload that was cut short leaves nothing that
    opens; the next one replaces it. Nothing keeps two uploads to one URL apart.

    Args:
        local: the dataset's folder.
        url: where to put it, of any kind that fsspec can write.
        overwrite: replace a dataset that is there.
        on_progress: called with the number of files that are there, and of all.

    Raises:
        UsageError: there is a dataset and no ``overwrite``.
        DataError: ``local`` is no converted dataset, something else is at the URL, it cannot be written, or files
            arrived with other sizes.
    """
    if not is_converted(local):
        raise DataError(f"'{local}' is no converted dataset, so it is not uploaded; convert a recording into it first")
    sizes = {path.relative_to(local).as_posix(): path.stat().st_size for path in local.rglob("*") if path.is_file()}
    with remote_errors(url):
        target = _Target(*open_filesystem(url.rstrip("/")), url)
        target.clear(overwrite)
    names = [name for name in sorted(sizes) if name != CONFIG]
    for start in range(0, len(names), FILES_AT_ONCE):
        on_progress(start, len(sizes))
        with remote_errors(url):
            target.put(local, names[start : start + FILES_AT_ONCE])
    with remote_errors(url):
        target.check({name: sizes[name] for name in names})
        target.put(local, [CONFIG])
        target.check(sizes)
        target.remove(UNFINISHED)
    on_progress(len(sizes), len(sizes))


@dataclass(frozen=True)
class _Target:
    filesystem: Any
    root: str
    url: str

    def files(self) -> dict[str, int]:
        """The size of each file below the URL."""
        self.filesystem.invalidate_cache()
        found = self.filesystem.find(self.root, detail=True)
        return {posixpath.relpath(path, self.root or "/"): int(entry["size"]) for path, entry in found.items()}

    def clear(self, overwrite: bool) -> None:
        """Leave nothing but the mark of an unfinished upload."""
        there = self.files()
        whole = CONFIG in there and is_converted(self.url)
        if whole and not overwrite:
            raise UsageError(f"'{shown(self.url)}' is a dataset already; add --overwrite to replace it")
        if there and not whole and UNFINISHED not in there:
            raise DataError(
                f"'{shown(self.url)}' holds something else than a converted dataset, so nothing is written there; "
                "move it away or choose another URL"
            )
        self._make_folders([UNFINISHED])
        self.filesystem.pipe_file(join(self.root, UNFINISHED), b"an upload began here and has not ended\n")
        for name in sorted(there, key=lambda name: (name != CONFIG, name)):
            if name != UNFINISHED:
                self.remove(name)

    def put(self, local: Path, names: Sequence[str]) -> None:
        """Upload files, as many at a time as the file system likes."""
        self._make_folders(names)
        self.filesystem.put([str(local / name) for name in names], [join(self.root, name) for name in names])

    def check(self, sizes: dict[str, int]) -> None:
        """Refuse a file that is missing or has another size."""
        there = self.files()
        for name, size in sizes.items():
            if there.get(name) != size:
                raise DataError(
                    f"'{shown(self.url)}/{name}' has {there.get(name, 'no')} bytes after the upload instead of {size}; "
                    "upload again"
                )

    def remove(self, name: str) -> None:
        """Remove one file, whatever characters are in its name: the bulk removal of fsspec takes some for patterns."""
        self.filesystem.rm_file(join(self.root, name))

    def _make_folders(self, names: Sequence[str]) -> None:
        """Make the folders of files; object stores, which are the asynchronous file systems, have none."""
        if not self.filesystem.async_impl:
            for folder in sorted({posixpath.dirname(join(self.root, name)) for name in names}):
                self.filesystem.makedirs(folder, exist_ok=True)
