"""Opens the arrays of a converted dataset for reading, after a look at what their zarr.json says of them.

These few lines of JSON are read here and not by zarr, which would need a store of its own for each kind of folder.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from vita_dataset.errors import DataError
from vita_dataset.folder import Folder, Identity
from vita_dataset.image_codec import ImageCodec
from vita_dataset.jpeg_reader import JpegReader
from vita_dataset.jpeg_zarr_codec import JpegCodec
from vita_dataset.raw_chunks import ChunkReader
from vita_dataset.spec import CameraSpec

_BYTES = {"name": "bytes"}
_LITTLE = {"name": "bytes", "configuration": {"endian": "little"}}
_CHECKSUM = {"name": "crc32c"}


def open_rows(folder: Folder, name: str, shape: tuple[int, ...], dtype: str, identity: Identity) -> ChunkReader:
    """Open an uncompressed array.

    Raises:
        DataError: it is missing, damaged, or not as expected.
    """
    stored = _look(folder, name, shape, dtype)
    raw = stored.codecs == [_LITTLE] or (stored.codecs == [_BYTES] and np.dtype(dtype).itemsize == 1)
    if not raw or stored.file_shape[1:] != shape[1:]:
        raise DataError(f"'{folder}/{name}' is not stored as raw whole rows; convert the dataset again")
    return ChunkReader(folder, name, shape, stored.file_shape, dtype, identity)


def open_frames(
    folder: Folder, camera: CameraSpec, codec: ImageCodec, steps: int, identity: Identity
) -> ChunkReader | JpegReader:
    """Open the frames of a camera.

    Raises:
        DataError: they are missing, damaged, or not stored as ``camera`` and ``codec`` say.
    """
    name, frame = f"data/{camera.key}", (camera.height, camera.width, camera.channels)
    if codec.quality is None:
        return open_rows(folder, name, (steps, *frame), "uint8", identity)
    stored = _look(folder, name, (steps, *frame), "uint8")
    settings = {
        "chunk_shape": [1, *frame],
        "codecs": [JpegCodec(codec.quality).to_dict(), _CHECKSUM],
        "index_codecs": [_LITTLE, _CHECKSUM],
        "index_location": "end",
    }
    if stored.file_shape[1:] != frame or stored.codecs != [{"name": "sharding_indexed", "configuration": settings}]:
        raise DataError(
            f"'{folder}/{name}' is not stored as one JPEG for each frame, '{codec}', as config.json says; convert the "
            "dataset again"
        )
    return JpegReader(folder, name, (steps, *frame), stored.file_shape[0], identity)


@dataclass(frozen=True)
class _Stored:
    """What a zarr.json says: the part of the array in each file, and how it became bytes."""

    file_shape: tuple[int, ...]
    codecs: list[dict[str, Any]]


def _look(folder: Folder, name: str, shape: tuple[int, ...], dtype: str) -> _Stored:
    content = folder.read(f"{name}/zarr.json")
    try:
        metadata = json.loads(content or "")
        kind = metadata["zarr_format"], metadata["node_type"], metadata["chunk_grid"]["name"]
        keys = metadata["chunk_key_encoding"]
        if kind != (3, "array", "regular") or keys["name"] != "default" or metadata.get("storage_transformers"):
            raise ValueError(f"{kind} with chunks at {keys}")
        found, found_dtype = tuple(metadata["shape"]), metadata["data_type"]
        stored = _Stored(
            tuple(int(side) for side in metadata["chunk_grid"]["configuration"]["chunk_shape"]),
            [_normal(codec) for codec in metadata["codecs"]],
        )
        if min(stored.file_shape, default=1) < 1 or len(stored.file_shape) != len(found):
            raise ValueError(f"chunks of {stored.file_shape}")
    except (ValueError, KeyError, TypeError, OverflowError, AttributeError, RecursionError) as error:
        raise DataError(f"'{folder}/{name}' is missing or no zarr array; convert the dataset again") from error
    if found != shape or found_dtype != dtype:
        raise DataError(
            f"'{folder}/{name}' is {found_dtype} {list(found)}, but config.json says {dtype} {list(shape)}; convert "
            "the dataset again"
        )
    return stored


def _normal(codec: Any) -> dict[str, Any]:
    """One way to write a codec: zarr allows a bare name and leaves out settings that are empty."""
    if isinstance(codec, str):
        return {"name": codec}
    settings = {
        key: [_normal(inner) for inner in value] if key in ("codecs", "index_codecs") else value
        for key, value in codec.get("configuration", {}).items()
    }
    return {"name": codec["name"], "configuration": settings} if settings else {"name": codec["name"]}
