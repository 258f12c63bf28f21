"""One array of the original code's datasets: a folder in zarr's older layout (version 2), read stretch by stretch.

zarr itself would take a chunk whose file is missing for one that was never written, and give zeros for it. It would
also run any codec that the file names, and some of those execute what they find.
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numcodecs  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_dataset.file_checks import is_file
from vita_dataset.lerobot_json import field, read_object

METADATA = ".zarray"
CODECS = ("blosc", "zstd", "lz4", "zlib", "gzip")
DAMAGE = (OSError, EOFError, RuntimeError, ValueError, zlib.error)
"""What these raise for content that is not theirs."""
MOST_CHUNK_BYTES = 1 << 30
MOST_CHUNKS = 10_000_000
REMEDY = "copy it again or convert the recording itself"


class VitaArray:
    """An array on disk, opened for reading along its first axis.

    Attributes:
        path: its folder.
        shape: of the array.
        dtype: numbers or booleans.
        rows_per_chunk: rows that are read at once.
    """

    def __init__(self, path: Path) -> None:
        """Read the metadata and look for every chunk.

        Raises:
            DataError: no such array, of another kind, damaged, or a chunk is missing.
        """
        self.path = path
        file = path / METADATA
        described = read_object(file)
        self._order: Any = field(described, "order", str, file, "C")
        if field(described, "zarr_format", int, file) != 2 or self._order not in ("C", "F"):
            raise DataError(f"'{file}' describes no array of zarr's version 2; {REMEDY}")
        self.shape = _sides(described, "shape", file)
        self._chunk = _sides(described, "chunks", file)
        self.dtype = _dtype(described, file)
        if len(self.shape) != len(self._chunk) or not self.shape:
            raise DataError(f"'{file}' cuts the shape {self.shape} into chunks of {self._chunk}; {REMEDY}")
        self._chunk_bytes = self.dtype.itemsize * math.prod(self._chunk)
        if self._chunk_bytes > MOST_CHUNK_BYTES:
            raise DataError(f"'{file}' has chunks of {self._chunk_bytes} bytes, which cannot be; {REMEDY}")
        self._codec = _codec(described, file)
        self._is_blosc = isinstance(self._codec, numcodecs.Blosc)
        self._separator: str = field(described, "dimension_separator", str, file, ".")
        self._grid = [-(-side // chunk) for side, chunk in zip(self.shape, self._chunk, strict=True)]
        if math.prod(self._grid) > MOST_CHUNKS:
            raise DataError(
                f"'{file}' cuts the shape {self.shape} into {math.prod(self._grid)} chunks, which cannot be; {REMEDY}"
            )
        self._check_chunks()

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def rows_per_chunk(self) -> int:
        """How many rows are decoded at once."""
        return self._chunk[0]

    def read(self, first: int, stop: int) -> NDArray[Any]:
        """Rows ``first`` to before ``stop``, 0 <= first <= stop <= ``len``.

        Raises:
            DataError: a chunk is missing or damaged.
        """
        out = np.empty((stop - first, *self.shape[1:]), self.dtype)
        rows = self._chunk[0]
        for number in range(first // rows, -(-stop // rows) if stop > first else 0):
            start, end = max(first, number * rows), min(stop, (number + 1) * rows)
            for place in itertools.product(*(range(count) for count in self._grid[1:])):
                corner = [index * side for index, side in zip(place, self._chunk[1:], strict=True)]
                target = out[(slice(start - first, end - first), *(slice(at, None) for at in corner))]
                sides = [min(side, room) for side, room in zip(self._chunk[1:], target.shape[1:], strict=True)]
                inside = tuple(slice(side) for side in sides)
                chunk = self._decode((number, *place))
                target[(slice(None), *inside)] = chunk[(slice(start - number * rows, end - number * rows), *inside)]
        return out

    def _decode(self, place: tuple[int, ...]) -> NDArray[Any]:
        path = self._chunk_file(place)
        try:
            content = path.read_bytes()
            if self._is_blosc:
                _check_blosc(content, self._chunk_bytes)
            decoded = np.frombuffer(content if self._codec is None else self._codec.decode(content), dtype=np.uint8)
            if decoded.nbytes != self._chunk_bytes:
                raise ValueError(f"{decoded.nbytes} bytes instead of {self._chunk_bytes}")
        except FileNotFoundError as error:
            raise self._missing(path) from error
        except DAMAGE as error:
            raise DataError(f"'{path}' cannot be decoded ({error}); {REMEDY}") from error
        return decoded.view(self.dtype).reshape(self._chunk, order=self._order)

    def _chunk_file(self, place: tuple[int, ...]) -> Path:
        return self.path / self._separator.join(str(index) for index in place)

    def _check_chunks(self) -> None:
        for place in itertools.product(*(range(count) for count in self._grid)):
            if not is_file(path := self._chunk_file(place)):
                raise self._missing(path)

    def _missing(self, path: Path) -> DataError:
        return DataError(f"'{path}' is missing, a part of an array of {list(self.shape)}; {REMEDY}")


def _sides(described: Mapping[str, Any], name: str, file: Path) -> tuple[int, ...]:
    sides = field(described, name, list, file)
    if not all(isinstance(side, int) and not isinstance(side, bool) and 0 < side < 1 << 40 for side in sides):
        raise DataError(f"'{name}' in '{file}' is {str(sides)[:60]}, but must be whole numbers above 0; {REMEDY}")
    return tuple(sides)


def _dtype(described: Mapping[str, Any], file: Path) -> np.dtype[Any]:
    name = field(described, "dtype", str, file)
    try:
        dtype: np.dtype[Any] = np.dtype(name)
    except (TypeError, ValueError, SyntaxError) as error:
        raise DataError(f"'{file}' holds '{name}', which is no kind of number; {REMEDY}") from error
    if dtype.kind not in "buif":
        raise DataError(f"'{file}' holds '{name}', but only numbers are read; {REMEDY}")
    return dtype


def _codec(described: Mapping[str, Any], file: Path) -> Any:
    """What decompresses a chunk; None where nothing must."""
    if described.get("filters"):
        raise DataError(f"'{file}' names filters, which are not read; {REMEDY}")
    compressor = described.get("compressor")
    if compressor is None:
        return None
    if not isinstance(compressor, Mapping) or compressor.get("id") not in CODECS:
        raise DataError(f"the compressor in '{file}' must be one of {list(CODECS)}, but is {str(compressor)[:60]}")
    try:
        return numcodecs.get_codec(dict(compressor))
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"the compressor in '{file}' has settings that make no sense ({error}); {REMEDY}") from error


def _check_blosc(content: bytes, expected: int) -> None:
    """Compare the sizes in Blosc's header of 16 bytes with the truth: the decoder reads past the end of a short file.

    Raises:
        ValueError: they differ.
    """
    if len(content) < 16:
        raise ValueError(f"{len(content)} bytes instead of 16 or more")
    decoded, stored = int.from_bytes(content[4:8], "little"), int.from_bytes(content[12:16], "little")
    if (decoded, stored) != (expected, len(content)):
        raise ValueError(f"{len(content)} bytes for {expected}, but its header says {stored} for {decoded}")
