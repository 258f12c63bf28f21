"""Pictures and films in TensorBoard, which shows PNG and GIF."""

from __future__ import annotations

import io
import struct
from pathlib import Path

from tensorboard.compat.proto.summary_pb2 import Summary  # type: ignore[import-untyped]  # it has no types

MAX_FRAMES = 120
"""Of a film; of a longer one every n-th is shown, because a GIF is large."""


def picture(title: str, path: Path) -> Summary.Value:
    """A PNG file, or a film as a GIF, as TensorBoard keeps it.

    Raises:
        OSError: the file cannot be read.
    """
    content = path.read_bytes() if path.suffix == ".png" else _as_gif(path)
    image = Summary.Image(encoded_image_string=content, colorspace=3)
    image.width, image.height = _size(content)
    return Summary.Value(tag=title, image=image)


def _size(content: bytes) -> tuple[int, int]:
    """Width and height [pixels], from where both formats have them."""
    width, height = struct.unpack(">II", content[16:24]) if content[:4] == b"\x89PNG" else _gif_size(content)
    return int(width), int(height)


def _gif_size(content: bytes) -> tuple[int, int]:
    width, height = struct.unpack("<HH", content[6:10])
    return int(width), int(height)


def _as_gif(path: Path) -> bytes:
    # Only films need the two packages.
    import av
    from PIL import Image

    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        fps = float(stream.average_rate or 10)
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(stream)]
    if not frames:
        raise OSError("it has no frames")
    every = -(-len(frames) // MAX_FRAMES)
    images = [Image.fromarray(frame) for frame in frames[::every]]
    file = io.BytesIO()
    duration_ms = max(20, round(1000 * every / fps))
    images[0].save(file, "GIF", save_all=True, append_images=images[1:], duration=duration_ms, loop=0)
    return file.getvalue()
