"""Frames to video files."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError, UsageError

X265 = "libx265"
ENCODERS = {"h264": "libx264", "mpeg4": "mpeg4", "av1": "libsvtav1", "hevc": X265}
NARROW = 64
"""[pixels] x265 4.2 writes past its buffers for pictures 33 to 48 wide, where it looks ahead for what later frames
refer to, and kills the process sooner or later; below this width it does not look."""


def encode_video(path: Path, frames: Iterable[NDArray[np.uint8]], fps: float, codec: str = "h264") -> int:
    """Write frames as an mp4.

    The same frames do not always give the same bytes: x264 differs about once in a hundred runs (seen at 32x48), even
    with one thread. What must be reproducible to the bit embeds images.

    Args:
        path: the mp4 to write.
        frames: uint8 [H, W, 3] RGB, even sides, all of one size.
        fps: frames per second [Hz].
        codec: a key of ``ENCODERS``.

    Returns:
        The number of frames written.

    Raises:
        UsageError: an unknown codec, or one that this build of PyAV cannot write.
        DataError: no frame, odd sides, or frames of different sizes.
    """
    encoder = check_codec(codec)
    count = 0
    size: tuple[int, ...] = ()
    with av.open(str(path), "w", format="mp4") as container:
        rate = Fraction(fps).limit_denominator(100_000)
        stream = container.add_stream(encoder, rate=rate)
        assert isinstance(stream, av.VideoStream)  # ENCODERS holds video encoders only
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for image in frames:
            if not count:
                size = image.shape
                if size[0] % 2 or size[1] % 2:
                    raise DataError(
                        f"a video needs even sides, but the frames are {size[0]}x{size[1]} (H x W); "
                        "resize them or embed images instead"
                    )
                stream.height, stream.width = size[:2]
                if encoder == X265 and size[1] < NARROW:
                    stream.options = {"x265-params": "cutree=0"}
            if image.shape != size:
                raise DataError(f"frame {count} of '{path.name}' is {list(image.shape)}, the first was {list(size)}")
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            count += 1
        if not count:
            raise DataError(f"no frames were given for the video '{path.name}'; an episode needs at least one step")
        container.mux(stream.encode(None))
    return count


def check_codec(codec: str) -> str:
    """The encoder's name for a codec.

    Raises:
        UsageError: an unknown codec, or one that this build of PyAV cannot write.
    """
    available = [name for name, encoder in ENCODERS.items() if encoder in av.codecs_available]
    if codec not in available:
        raise UsageError(f"video codec '{codec}' cannot be written here; choose one of {available} or embedded images")
    return ENCODERS[codec]
