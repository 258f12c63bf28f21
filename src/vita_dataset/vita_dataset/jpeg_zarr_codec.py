"""Teaches zarr to read and write chunks that are one JPEG each.

Registered with zarr as an entry point of the package, so that plain ``zarr.open`` reads converted datasets wherever
this package is installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from zarr.abc.codec import ArrayBytesCodec

from vita_dataset.jpeg import decode_jpeg, encode_jpeg

if TYPE_CHECKING:
    from zarr.core.array_spec import ArraySpec
    from zarr.core.buffer import Buffer, NDBuffer

NAME = "vita_dataset.jpeg"


@dataclass(frozen=True)
class JpegCodec(ArrayBytesCodec):
    """Chunks of uint8 [1, H, W, 3] RGB, each stored as a JPEG.

    Attributes:
        quality: of what is written, 1 to 100.
    """

    quality: int

    is_fixed_size = False

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> JpegCodec:
        """Read the codec's entry in zarr.json."""
        return cls(int(data["configuration"]["quality"]))

    def to_dict(self) -> dict[str, Any]:
        """The codec's entry in zarr.json."""
        return {"name": NAME, "configuration": {"quality": self.quality}}

    def evolve_from_array_spec(self, array_spec: ArraySpec) -> JpegCodec:
        """Nothing to fill in; zarr asks before it reads or writes, also within shards.

        Raises:
            ValueError: the chunks are no single frames.
        """
        shape, dtype = array_spec.shape, array_spec.dtype.to_native_dtype()
        if len(shape) != 4 or shape[0] != 1 or shape[3] != 3 or dtype != np.uint8:
            raise ValueError(f"'{NAME}' stores chunks of uint8 [1, H, W, 3], not of {dtype} {list(shape)}")
        return self

    async def _decode_single(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        _, height, width, _ = chunk_spec.shape
        image = decode_jpeg(chunk_data.as_numpy_array(), height, width)
        return chunk_spec.prototype.nd_buffer.from_ndarray_like(image[None])  # type: ignore[arg-type]  # zarr's own

    async def _encode_single(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> Buffer:
        encoded = encode_jpeg(np.ascontiguousarray(chunk_data.as_numpy_array()[0]), self.quality)
        return chunk_spec.prototype.buffer.from_bytes(encoded.tobytes())

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        """Unknown before encoding, which zarr wants to be said this way."""
        raise NotImplementedError
