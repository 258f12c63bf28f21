"""Video files to frames and back. The one file that imports PyAV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError, UsageError

SKIP_S = 1.0
"""Up to how far ahead [s] decoding on is cheaper than a seek, which decodes from the keyframe before."""
ENCODERS = {"h264": "libx264", "mpeg4": "mpeg4", "av1": "libsvtav1", "hevc": "libx265"}


def decode_video(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Yield all frames of a video in order, uint8 [H, W, 3] RGB.

    One pass from first to last: seeking to each frame decodes its whole group of pictures again.

    Damage inside the file is noticed where the decoder notices it: H.264 and MPEG-4 usually, HEVC and AV1 hardly ever.
    These formats carry no checksum, so frames that decode to something else pass.

    Raises:
        DataError: the file is missing, empty, truncated, or no video, or the decoder flags a frame as corrupt.
    """
    with closing(VideoStream(path)) as stream:
        while (frame := stream.take()) is not None:
            yield frame.image()


@dataclass(frozen=True, eq=False)
class DecodedFrame:
    """One frame as the decoder gave it; its pixels are converted when asked for.

    Attributes:
        path: the video.
        number: its place in the video; after a seek, by its time.
        picture: PyAV's frame.
    """

    path: Path
    number: int
    picture: av.VideoFrame

    @property
    def time_s(self) -> float:
        """When it is shown, from the video's start [s].

        Raises:
            DataError: the video does not tell.
        """
        time_s = self.picture.time
        if time_s is None:
            raise DataError(f"frame {self.number} of the video '{self.path}' has no time; encode it again as mp4")
        return float(time_s)

    def image(self) -> NDArray[np.uint8]:
        """The pixels, uint8 [H, W, 3] RGB.

        Raises:
            DataError: the decoder flagged the frame as corrupt.
        """
        if self.picture.is_corrupt:  # the decoder patches such a frame up and goes on
            raise DataError(
                f"frame {self.number} of the video '{self.path}' is damaged; copy it again from where the recording "
                "was made, or drop this episode"
            )
        return np.asarray(self.picture.to_ndarray(format="rgb24"), dtype=np.uint8)


class VideoStream:
    """An open video, decoded forwards; ``go_to`` moves to a time.

    Attributes:
        path: the file.
        at_end: whether it is known that no frame is left.

    Raises:
        DataError: in the constructor and while decoding: the file is missing, empty, truncated or no video.
    """

    at_end: bool
    _frames: Iterator[av.VideoFrame]
    _pending: DecodedFrame | None
    _passed: DecodedFrame | None

    def __init__(self, path: Path) -> None:
        self.path = path
        self._restart()

    def peek(self) -> DecodedFrame | None:
        """The next frame, which stays the next one; None at the end."""
        if self._pending is None and not self.at_end:
            self._pending = self._decode()
            self.at_end = self._pending is None
        return self._pending

    def take(self) -> DecodedFrame | None:
        """The next frame; None at the end."""
        frame, self._pending = self.peek(), None
        self._passed = frame or self._passed
        return frame

    def go_to(self, time_s: float) -> None:
        """Make the first frame at or after a time the next one, as if all before it had been taken.

        Decodes on where that is near and ahead; else seeks to a keyframe before it.
        """
        ahead = self._passed is None or self._passed.time_s < time_s
        frame = self.peek()
        if not ahead or (frame is not None and time_s - frame.time_s > SKIP_S):
            self._seek(time_s)
        while (frame := self.peek()) is not None and frame.time_s < time_s:
            self.take()

    def close(self) -> None:
        """Close the file. Nothing is left to take."""
        self._container.close()
        self._pending, self.at_end = None, True

    def _seek(self, time_s: float) -> None:
        """Make a frame at or before a time the next one; the first frame where there is none."""
        back_s = 0.0
        while time_s - back_s > self._start_s:
            try:
                self._container.seek(int((time_s - back_s) / self._time_base), stream=self._stream)
            except av.error.FFmpegError as error:
                raise _unreadable(self.path, error) from error
            self._frames = self._container.decode(self._stream)
            self._pending, self.at_end = None, False
            frame = self.peek()
            # Files are searched by the order of decoding, in which a keyframe may come before its time.
            if frame is not None and frame.time_s <= time_s:
                self._number = round((frame.time_s - self._start_s) * float(self._stream.average_rate or 0))
                self._pending = self._passed = replace(frame, number=self._number)
                self._number += 1
                return
            back_s = max(SKIP_S, 2 * back_s)
        self._container.close()
        self._restart()

    def _restart(self) -> None:
        if not self.path.is_file():
            raise DataError(f"the video '{self.path}' is missing; copy it again from where the recording was made")
        try:
            self._container = av.open(str(self.path))
        except av.error.FFmpegError as error:
            raise _unreadable(self.path, error) from error
        if not self._container.streams.video:
            self._container.close()
            raise DataError(f"'{self.path}' holds no video stream; copy it again from where the recording was made")
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        self._time_base = float(self._stream.time_base or 1)
        self._start_s = (self._stream.start_time or 0) * self._time_base
        self._frames = self._container.decode(self._stream)
        self._pending, self.at_end = None, False
        self._passed = None
        self._number = 0

    def _decode(self) -> DecodedFrame | None:
        try:
            picture = next(self._frames, None)
        except av.error.FFmpegError as error:
            raise _unreadable(self.path, error) from error
        if picture is None:
            return None
        self._number += 1
        return DecodedFrame(self.path, self._number - 1, picture)


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(
        f"the video '{path}' is truncated or damaged ({error}); copy it again from where the recording was made"
    )


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
