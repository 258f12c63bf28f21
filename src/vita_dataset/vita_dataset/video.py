"""Video files to frames."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import av
import av.error
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_dataset.file_checks import is_file
from vita_dataset.frame_index import FrameIndex, PacketTimes

ALL_CORES = 0
"""Decoding threads: as many as the codec likes."""


def decode_video(path: Path, threads: int = ALL_CORES) -> Iterator[NDArray[np.uint8]]:
    """Yield all frames of a video in order, uint8 [H, W, 3] RGB.

    Args:
        path: the file.
        threads: see ``Video``.

    Raises:
        DataError: the file is missing, empty, truncated, or no video, or the decoder flags a frame as corrupt.
    """
    with closing(Video(path, threads)) as video:
        yield from video.frames(0, len(video))


class Video:
    """An open video, whose frames are asked for by number.

    One pass from first to last is fastest: a range that follows on the one before is decoded on, any other from the
    keyframe before it.

    Damage inside the file is noticed where the decoder notices it: H.264 and MPEG-4 usually, HEVC and AV1 hardly ever.
    These formats carry no checksum, so frames that decode to something else pass.

    Attributes:
        path: the file.
        position: the frame that comes next without a seek; None: none does.
    """

    position: int | None

    def __init__(self, path: Path, threads: int = ALL_CORES) -> None:
        """Open the file and list its packets.

        Args:
            path: the file.
            threads: that decode. ``ALL_CORES`` ends soonest where nothing else runs; 1 takes the least CPU time, and
                is right where as many videos are decoded at once as there are cores.

        Raises:
            DataError: the file is missing, empty, truncated or no video, or its frames have no times.
        """
        if not is_file(path):
            raise DataError(f"the video '{path}' is missing; copy it again from where the recording was made")
        self.path = path
        self.position = None
        try:
            self._container = av.open(str(path), metadata_errors="replace")
        except av.error.FFmpegError as error:
            raise _unreadable(path, error) from error
        try:
            self._stream = self._video_stream(threads)
            self._index = self._read_index()
        except DataError:
            self._container.close()
            raise
        self._time_base = float(self._stream.time_base or 1)
        # Setting up the conversion takes as long as converting a small picture: one for all frames, in this thread.
        self._to_rgb = VideoReformatter()
        self._frames: Iterator[av.VideoFrame] = iter(())
        self._pending: av.VideoFrame | None = None

    def __len__(self) -> int:
        return len(self._index)

    @property
    def codec(self) -> str:
        """The codec's usual name, such as "h264" or "av1"."""
        return self._stream.codec_context.codec.canonical_name

    def first_at(self, time_s: float) -> int:
        """The number of the first frame shown at or after a time [s] in the file; ``len`` where there is none."""
        return int(np.searchsorted(self._index.shown * self._time_base, time_s))

    def frames(self, first: int, stop: int) -> Iterator[NDArray[np.uint8]]:
        """Yield the frames ``first`` to before ``stop``, uint8 [H, W, 3] RGB, 0 <= first <= stop <= ``len``.

        Raises:
            DataError: the file is damaged, or the decoder flags one of these frames as corrupt.
        """
        for number in range(first, stop):
            if self.position != number:
                self._go_to(number)
            yield self._image(self._take(), number)

    def close(self) -> None:
        """Close the file. No frame can be read any more."""
        self._container.close()
        self.position, self._pending = None, None

    def _image(self, picture: av.VideoFrame, number: int) -> NDArray[np.uint8]:
        if picture.is_corrupt:  # the decoder patches such a frame up and goes on
            raise self._damaged(number)
        try:
            rgb = self._to_rgb.reformat(picture, format="rgb24", threads=1)
        except av.error.FFmpegError as error:
            raise _unreadable(self.path, error) from error
        return np.asarray(rgb.to_ndarray(), dtype=np.uint8)

    def _take(self) -> av.VideoFrame:
        """The frame at ``position``, which moves on."""
        picture, self._pending = self._decode() if self._pending is None else self._pending, None
        number, self.position = self.position, None
        assert number is not None  # _go_to came before
        if picture is None or picture.pts != self._index.shown[number]:
            raise self._damaged(number)
        self.position = number + 1
        return picture

    def _go_to(self, number: int) -> None:
        """Make a frame the next one, decoding no more than lies between it and the keyframe before it."""
        entry = self._index.entry_before(number)
        near = self.position is not None and self._index.entries[entry] <= self.position <= number
        # FFmpeg's mp4 searches by the time of decoding, but takes off the delay that it expects in what is asked for,
        # which other formats and releases do not. Where neither finds the keyframe, all of the file is decoded.
        delay = int(self._index.shown[0] - self._index.decoded[0])
        if not (near or self._enter(entry, delay) or self._enter(entry) or self._enter(0)):
            raise self._damaged(0)
        while self.position != number:
            self._take()

    def _enter(self, entry: int, delay: int = 0) -> bool:
        """Seek to an entry of the index; false where the frame that should come first does not come."""
        number = int(self._index.entries[entry])
        self.position, self._pending = None, None
        try:
            self._container.seek(int(self._index.decoded[entry]) + delay, stream=self._stream)
        except av.error.FFmpegError as error:
            raise _unreadable(self.path, error) from error
        self._frames = self._container.decode(self._stream)
        # A keyframe may be followed by frames that are shown before it and need what came before it.
        while (picture := self._decode()) is not None and (picture.pts or 0) < self._index.shown[number]:
            pass
        if picture is None or picture.pts != self._index.shown[number]:
            return False
        self.position, self._pending = number, picture
        return True

    def _decode(self) -> av.VideoFrame | None:
        try:
            return next(self._frames, None)
        except av.error.FFmpegError as error:
            raise _unreadable(self.path, error) from error

    def _video_stream(self, threads: int) -> av.VideoStream:
        if not self._container.streams.video:
            raise DataError(f"'{self.path}' holds no video stream; copy it again from where the recording was made")
        stream = self._container.streams.video[0]
        if stream.codec_context is None:
            raise DataError(f"the video '{self.path}' has a codec that cannot be decoded here; encode it again as h264")
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = threads
        return stream

    def _read_index(self) -> FrameIndex:
        packets: list[PacketTimes] = []
        try:
            for packet in self._container.demux(self._stream):
                if packet.dts is None and packet.pts is None and not packet.size:
                    continue  # the end
                if packet.dts is None or packet.pts is None:
                    raise DataError(
                        f"frame {len(packets)} of the video '{self.path}' has no time; encode it again as mp4"
                    )
                shown = None if packet.is_discard else packet.pts
                packets.append(PacketTimes(shown, packet.dts, packet.is_keyframe))
        except av.error.FFmpegError as error:
            raise _unreadable(self.path, error) from error
        return FrameIndex.of(packets)

    def _damaged(self, number: int) -> DataError:
        return DataError(
            f"frame {number} of the video '{self.path}' is damaged; copy it again from where the recording was made, "
            "or drop this episode"
        )


def _unreadable(path: Path, error: av.error.FFmpegError) -> DataError:
    return DataError(
        f"the video '{path}' is truncated or damaged ({error.strerror}); copy it again from where the recording was "
        "made"
    )
