import re

import numpy as np
import pytest

from vita_dataset.errors import DataError, UsageError
from vita_dataset.video import decode_video, encode_video


def ramp(count, size=(32, 48)):
    return [np.full((*size, 3), 20 * index, np.uint8) for index in range(count)]


@pytest.mark.parametrize("codec", ["h264", "mpeg4", "av1"])
def test_frames_come_back_in_order(tmp_path, codec, capfd):
    path = tmp_path / "a.mp4"
    assert encode_video(path, ramp(10, (64, 64)), 30.0, codec) == 10
    levels = [int(image.mean().round()) for image in decode_video(path)]
    np.testing.assert_allclose(levels, [20 * index for index in range(10)], atol=3)


def test_what_cannot_be_encoded(tmp_path):
    with pytest.raises(UsageError, match=r"'theora'.*h264"):
        encode_video(tmp_path / "a.mp4", ramp(1), 30.0, "theora")
    with pytest.raises(DataError, match="31x48"):
        encode_video(tmp_path / "a.mp4", ramp(1, (31, 48)), 30.0)
    with pytest.raises(DataError, match="no frames"):
        encode_video(tmp_path / "a.mp4", [], 30.0)
    with pytest.raises(DataError, match="the first was"):
        encode_video(tmp_path / "a.mp4", [*ramp(1), *ramp(1, (16, 16))], 30.0)


@pytest.mark.parametrize("content", [b"", b"no video at all" * 100])
def test_what_cannot_be_decoded(tmp_path, content):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.mp4' is truncated or damaged"):
        list(decode_video(path))
    with pytest.raises(DataError, match=r"b\.mp4' is missing"):
        list(decode_video(tmp_path / "b.mp4"))


def test_a_truncated_file_is_named(tmp_path):
    path = tmp_path / "a.mp4"
    encode_video(path, ramp(10), 30.0)
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(DataError, match="truncated"):
        list(decode_video(path))


@pytest.mark.parametrize("codec", ["h264", "mpeg4"])
def test_damage_that_the_decoder_flags_is_named(tmp_path, codec, capfd):
    path = tmp_path / "a.mp4"
    big = np.random.default_rng(0).integers(0, 256, (20, 24, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    encode_video(path, [big[2 * step : 2 * step + 96, 2 * step : 2 * step + 128] for step in range(30)], 30.0, codec)
    content = path.read_bytes()
    start = content.index(b"mdat")
    size = int.from_bytes(content[start - 4 : start], "big")
    refused = 0
    for place in range(start + size // 10, start + size - 8, size // 20):
        flipped = bytes(byte ^ 255 for byte in content[place : place + 4])
        path.write_bytes(content[:place] + flipped + content[place + 4 :])
        try:
            list(decode_video(path))
        except DataError as error:
            refused += bool(re.search(r"frame \d+ of the video '.*a\.mp4' is damaged", str(error)))
    assert refused >= 3
