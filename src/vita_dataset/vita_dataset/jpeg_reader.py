"""Gathers frames out of shards of JPEGs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_dataset.folder import Folder, Identity
from vita_dataset.jpeg import decode_jpeg
from vita_dataset.raw_chunks import checked_rows, chunk_names, place_for
from vita_dataset.shards import CHECKSUM_BYTES, index_bytes, is_sound, parse_index


class JpegReader:
    """Reads and decodes single frames. May be pickled, forked and used by several threads.

    The index of a shard is read when the first of its frames is, and kept: 16 bytes a frame.
    """

    def __init__(
        self, folder: Folder, name: str, shape: tuple[int, ...], rows_per_shard: int, identity: Identity
    ) -> None:
        """Check that every shard is there.

        Args:
            folder: the dataset.
            name: the array's folder in it.
            shape: of the array, [N, H, W, 3].
            rows_per_shard: frames in each file but the last.
            identity: of the dataset, so that frames of two never mix.

        Raises:
            DataError: a shard's file is missing or too small for its index.
        """
        self.shape = shape
        self._folder = folder
        self._rows = rows_per_shard
        self._identity = identity
        self._names = chunk_names(name, -(-shape[0] // rows_per_shard), len(shape))
        self._sizes = np.array(folder.sizes(self._names), np.int64)
        # Offset and length of each frame; what belongs to a shard counts once the shard is marked as known.
        self._index = np.zeros((len(self._names), rows_per_shard, 2), np.int64)
        self._known = np.zeros(len(self._names), np.bool_)
        least = index_bytes(rows_per_shard)
        for shard, size in zip(self._names, self._sizes.tolist(), strict=True):
            if size < least:
                raise DataError(
                    f"'{folder}/{shard}' {'is missing' if size < 0 else f'has {size} bytes'}, but at least {least} "
                    "bytes were expected; copy or convert the dataset again"
                )

    def __len__(self) -> int:
        return self.shape[0]

    def read(self, rows: NDArray[np.integer[Any]], out: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
        """Gather frames [n] -> uint8 [n, H, W, 3] RGB, in the order asked for; into ``out`` where it is given.

        Raises:
            IndexError: a row is negative or past the end.
            ValueError: ``out`` has another shape or type, or its elements do not lie one after the other.
            DataError: a frame cannot be read or is damaged, or the dataset was replaced.
        """
        wanted = checked_rows(rows, len(self))
        shards, places = np.divmod(wanted, self._rows)
        self._learn(np.unique(shards[~self._known[shards]]))
        found = self._index[shards, places]
        stops = np.cumsum(found[:, 1])
        encoded = np.empty(int(stops[-1]) if len(stops) else 0, np.uint8)
        pieces = [
            encoded[stop - length : stop] for stop, length in zip(stops.tolist(), found[:, 1].tolist(), strict=True)
        ]
        names = [self._names[shard] for shard in shards.tolist()]
        self._folder.gather(names, found[:, 0].tolist(), pieces, self._identity)
        out = place_for((len(wanted), *self.shape[1:]), np.dtype(np.uint8), out)
        for position, piece in enumerate(pieces):
            try:
                out[position] = self._decode(piece)
            except DataError as error:
                raise DataError(
                    f"frame {wanted[position]} in '{self._folder}/{names[position]}' is damaged: {error}; copy or "
                    "convert the dataset again"
                ) from error
        return out

    def _decode(self, piece: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if not is_sound(piece):
            raise DataError("its checksum is wrong")
        return decode_jpeg(piece[:-CHECKSUM_BYTES], self.shape[1], self.shape[2])

    def _learn(self, shards: NDArray[np.int64]) -> None:
        """Read the indexes of some shards. Two threads that learn the same write the same."""
        if not len(shards):
            return
        size = index_bytes(self._rows)
        raw = np.empty((len(shards), size), np.uint8)
        names = [self._names[shard] for shard in shards.tolist()]
        self._folder.gather(names, (self._sizes[shards] - size).tolist(), list(raw), self._identity)
        for position, shard in enumerate(shards.tolist()):
            index = parse_index(raw[position], int(self._sizes[shard]))
            needed = min(self._rows, len(self) - shard * self._rows)
            if index is None or (index[:needed, 1] < 0).any():
                raise DataError(
                    f"the index at the end of '{self._folder}/{names[position]}' is damaged; copy or convert the "
                    "dataset again"
                )
            self._index[shard] = index
            self._known[shard] = True
