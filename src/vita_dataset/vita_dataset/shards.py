"""Rows of any number of bytes, many in a file: the shards of a zarr v3 array whose inner chunks are single rows.

A shard is its rows one after the other, each followed by the CRC32C of its bytes, and then an index: the place and
the length of each row (uint64, little endian; both are 2**64 - 1 where the last shard has no row), and the CRC32C of
the index. This is the ``sharding_indexed`` codec with the index at the end and ``crc32c`` both within and for it.
"""

from __future__ import annotations

from pathlib import Path

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from vita_dataset.raw_chunks import chunk_file
from vita_dataset.whole_file import write_whole

CHECKSUM_BYTES = 4
ENTRY = np.dtype("<u8")
ABSENT = 2**64 - 1


def index_bytes(rows: int) -> int:
    """The size of the index of a shard of so many rows, its checksum included."""
    return rows * 2 * ENTRY.itemsize + CHECKSUM_BYTES


def checksum(data: bytes | NDArray[np.uint8]) -> bytes:
    """The CRC32C of some bytes, or of uint8 [n]: 4 bytes, little endian."""
    return int(google_crc32c.value(data)).to_bytes(CHECKSUM_BYTES, "little")


def is_sound(data: NDArray[np.uint8]) -> bool:
    """Whether the last 4 bytes of uint8 [n] are the checksum of those before."""
    return len(data) >= CHECKSUM_BYTES and checksum(data[:-CHECKSUM_BYTES]) == data[-CHECKSUM_BYTES:].tobytes()


class ShardWriter:
    """Appends rows of bytes, holding one shard in memory."""

    def __init__(self, folder: Path, rows_per_shard: int, dimensions: int, first_row: int = 0) -> None:
        """Begin with row ``first_row``, a multiple of ``rows_per_shard``; ``dimensions`` are those of the array."""
        self._folder = folder
        self._dimensions = dimensions
        self._next = first_row
        self._pieces: list[bytes] = []
        self._index = np.full((rows_per_shard, 2), ABSENT, ENTRY)
        self._filled = 0

    def append(self, data: bytes) -> None:
        """Add one row; a full shard goes to its file.

        Raises:
            OSError: the file cannot be written.
        """
        size = len(data) + CHECKSUM_BYTES
        self._index[self._next % len(self._index)] = self._filled, size
        self._pieces += data, checksum(data)
        self._filled += size
        self._next += 1
        if self._next % len(self._index) == 0:
            self._write()

    def close(self) -> None:
        """Write the last shard, part filled as it may be.

        Raises:
            OSError: the file cannot be written.
        """
        if self._pieces:
            self._write()

    def _write(self) -> None:
        number = (self._next - 1) // len(self._index)
        index = self._index.tobytes()
        write_whole(chunk_file(self._folder, number, self._dimensions), [*self._pieces, index, checksum(index)])
        self._pieces.clear()
        self._index[:] = ABSENT
        self._filled = 0


def parse_index(data: NDArray[np.uint8], file_bytes: int) -> NDArray[np.int64] | None:
    """Read the index at the end of a shard.

    Args:
        data: uint8 [n], as many bytes as ``index_bytes`` says.
        file_bytes: the size of the whole shard.

    Returns:
        int64 [rows, 2], offset and length of each row, the length with its checksum; (-1, -1) where there is no row.
        None when the checksum is wrong or a row lies outside the file.
    """
    if not is_sound(data):
        return None
    entries = np.frombuffer(data[:-CHECKSUM_BYTES].tobytes(), ENTRY).reshape(-1, 2)
    absent = (entries == ABSENT).all(axis=1)
    room = np.uint64(file_bytes - len(data))
    # Length first, so that the difference cannot wrap around.
    inside = (entries[:, 1] >= CHECKSUM_BYTES) & (entries[:, 1] <= room) & (entries[:, 0] <= room - entries[:, 1])
    return entries.astype(np.int64) if bool((inside | absent).all()) else None
