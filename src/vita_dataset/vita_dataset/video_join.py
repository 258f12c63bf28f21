"""Joins videos of one encoder into one, packets as they are."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av


def join_videos(parts: Sequence[tuple[Path, int]], target: Path, fps: float) -> None:
    """Write one video after the other into one mp4, without decoding them.

    Every part begins with a keyframe, and frame i of the whole is shown at i / fps, to the tick.

    Args:
        parts: videos that ``encode_video`` made with the same size, rate and codec, and the frames of each.
        target: the mp4 to write.
        fps: frames per second [Hz].
    """
    # A part that has no frames out of order is decoded without delay, but all packets of a file must follow each other.
    delay = max(_delay(path) for path, _ in parts)
    period = 1 / Fraction(fps).limit_denominator(100_000)  # as encode_video has it
    written: av.VideoStream | None = None
    before = decoded = 0
    with av.open(str(target), "w", format="mp4") as output:
        for path, frames in parts:
            with av.open(str(path)) as part:
                video = part.streams.video[0]
                written = written or output.add_stream_from_template(video, opaque=True)
                # Decoders take the settings for all parts from the header of the first.
                assert written.codec_context.extradata == video.codec_context.extradata
                assert video.time_base is not None
                ticks = period / video.time_base
                for packet in part.demux(video):
                    if packet.pts is None:  # the demuxer's sign for the end
                        continue
                    packet.pts += round(before * ticks)
                    packet.dts = round(decoded * ticks) - delay
                    packet.stream = written
                    output.mux(packet)
                    decoded += 1
            before += frames


def _delay(path: Path) -> int:
    """How much earlier [ticks] than it is shown the first frame must be decoded."""
    with av.open(str(path)) as video:
        packet = next(video.demux(video.streams.video[0]))
        assert packet.pts is not None
        assert packet.dts is not None
        return packet.pts - packet.dts
