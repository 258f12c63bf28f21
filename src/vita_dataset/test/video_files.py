"""Videos of every kind, and a plain decode of them to compare with."""

import av
import numpy as np

KINDS = {
    "h264-gop2": ("libx264", {"g": "2"}),
    "h264-gop250": ("libx264", {"g": "250"}),
    "h264-open": ("libx264", {"g": "8", "x264-params": "open-gop=1:bframes=3:b-pyramid=normal"}),
    "h264-refresh": ("libx264", {"g": "12", "intra-refresh": "1"}),  # its keyframes are not whole pictures
    "mpeg4-b": ("mpeg4", {"g": "8", "bf": "2"}),
    "hevc-gop8": ("libx265", {"g": "8", "x265-params": "log-level=none"}),
    "av1-gop2": ("libsvtav1", {"g": "2"}),
    "av1-gop250": ("libsvtav1", {"g": "250"}),
}


def picture(step, size=(64, 96)):
    """A pattern that moves, so that no two frames are alike."""
    noise = np.random.default_rng(0).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    scale = size[0] // 8
    return np.roll(noise.repeat(scale, 0).repeat(scale, 1), 3 * step, 1)


def write_video(path, kind, count):
    """An mp4 of ``count`` pictures."""
    encoder, options = KINDS[kind]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(encoder, rate=10, options={key: options[key] for key in options if key != "bf"})
        stream.height, stream.width, stream.pix_fmt = 64, 96, "yuv420p"
        stream.gop_size = int(options["g"])
        if "bf" in options:
            stream.codec_context.max_b_frames = int(options["bf"])
        for step in range(count):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(step), format="rgb24")))
        container.mux(stream.encode(None))
    return path


def plain_decode(path):
    """All frames in order, decoded without any of our code."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
