import av
import numpy as np
import pytest

from vita_dataset.video import decode_video
from vita_dataset.video_encoder import encode_video
from vita_dataset.video_join import join_videos

LENGTHS = (5, 12, 1, 7)


def pictures(part, length):
    """Moving, so that encoders with frames out of order use them."""
    for step in range(length):
        image = np.full((64, 96, 3), 40 + 30 * part, np.uint8)
        image[8 + step : 24 + step, 4 * step : 4 * step + 16] = (250, 10, 10 * step)
        yield image


@pytest.mark.parametrize("codec", ["h264", "mpeg4", "av1", "hevc"])
@pytest.mark.parametrize("fps", [30.0, 29.97])
def test_the_whole_decodes_to_its_parts(tmp_path, codec, fps):
    parts = []
    for part, length in enumerate(LENGTHS):
        path = tmp_path / f"{part}.mp4"
        parts.append((path, encode_video(path, pictures(part, length), fps, codec)))
    join_videos(parts, tmp_path / "whole.mp4", fps)
    expected = [image for path, _ in parts for image in decode_video(path)]
    np.testing.assert_array_equal(list(decode_video(tmp_path / "whole.mp4")), expected)
    with av.open(str(tmp_path / "whole.mp4")) as container:
        shown = list(container.decode(video=0))
    # LeRobot looks a frame up by its time and allows 0.1 ms.
    assert [picture.time for picture in shown] == pytest.approx([i / fps for i in range(len(expected))], abs=5e-5)
    starts = np.cumsum([0, *LENGTHS[:-1]])
    assert all(shown[start].key_frame for start in starts)


def test_no_part_is_changed(tmp_path):
    path = tmp_path / "a.mp4"
    encode_video(path, pictures(0, 4), 10.0)
    before = path.read_bytes()
    join_videos([(path, 4), (path, 4)], tmp_path / "whole.mp4", 10.0)
    assert path.read_bytes() == before
    assert len(list(decode_video(tmp_path / "whole.mp4"))) == 8
