"""Files that appear under their names only when they are whole, and putting them on the disk."""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

DIRECT = getattr(os, "O_DIRECT", 0)
BLOCK_BYTES = 4096
"""What direct writes must begin at and be a multiple of, in memory and on all usual disks."""


def write_whole(path: Path, pieces: Iterable[bytes | memoryview]) -> None:
    """Write a file under a temporary name and rename it, so that a killed process leaves no half file at ``path``.

    The temporary name is always the same: the next attempt overwrites what a killed one left.

    Raises:
        OSError: it cannot be written; ``path`` is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as file:
        file.writelines(pieces)
    partial.replace(path)


def sync(path: Path) -> None:
    """Put a file or folder on the disk.

    Raises:
        OSError: it cannot be opened or written.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def block_array(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """An array of zeros that ``write_block`` can hand to the disk as it is."""
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    return np.frombuffer(mmap.mmap(-1, max(1, size)), dtype, size // np.dtype(dtype).itemsize).reshape(shape)


def write_block(path: Path, block: NDArray[Any]) -> None:
    """Write an array from ``block_array`` as ``write_whole`` does, past the page cache where the file system can.

    A training set is many times as large as what is read again soon. Copying it into the cache costs several times as
    much as handing it to the disk, and pushes out what other programs use.

    Raises:
        OSError: it cannot be written; ``path`` is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    descriptor = _open_direct(partial)
    try:
        data = block.reshape(-1).view(np.uint8).data
        done, direct = 0, len(data) - len(data) % BLOCK_BYTES
        while done < direct:
            try:
                done += os.write(descriptor, data[done:direct])
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
                break  # this file system wants other blocks
        fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) & ~DIRECT)
        while done < len(data):
            done += os.write(descriptor, data[done:])
    finally:
        os.close(descriptor)
    partial.replace(path)


def _open_direct(path: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    try:
        return os.open(path, flags | DIRECT, 0o666)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return os.open(path, flags, 0o666)
