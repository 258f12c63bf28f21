"""Video files to frames and back. The one file that imports PyAV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError, UsageError

ENCODERS = {"h264": "libx264", "mpeg4": "mpeg4", "av1": "libsvtav1", "hevc": "libx265"}


def decode_video(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Yield all frames of a video in order, uint8 [H, W, 3] RGB.

    One pass from first to last: seeking to each frame decodes its whole group of pictures again.

    Damage inside the file is noticed where the decoder notices it: H.264 and MPEG-4 usually, HEVC and AV1 hardly ever.
    These formats carry no checksum, so frames that decode to something else pass.

    Raises:
        DataError: the file is missing, empty, truncated, or no video, or the decoder flags a frame as corrupt.
    """
    if not path.is_file():
        raise DataError(f"the video '{path}' is missing; copy it again from where the recording was made")
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise DataError(f"'{path}' holds no video stream; copy it again from where the recording was made")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            for number, frame in enumerate(container.decode(stream)):
                if frame.is_corrupt:  # the decoder patches such a frame up and goes on
                    raise DataError(
                        f"frame {number} of the video '{path}' is damaged; copy it again from where the recording was "
                        "made, or drop this episode"
                    )
                yield np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
    except av.error.FFmpegError as error:
        raise DataError(
            f"the video '{path}' is truncated or damaged ({error}); copy it again from where the recording was made"
        ) from error


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
