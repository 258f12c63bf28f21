import subprocess
import sys

import numpy as np
import pytest

from vita_dataset.errors import DataError, UsageError
from vita_dataset.video import decode_video
from vita_dataset.video_encoder import encode_video


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


NARROW_HEVC = """
import sys
from pathlib import Path
import numpy as np
from vita_dataset.video_encoder import encode_video
for _ in range(20):
    encode_video(Path(sys.argv[1]), [np.full((32, 48, 3), 20 * step, np.uint8) for step in range(4)], 10.0, "hevc")
"""


def test_narrow_pictures_do_not_kill_the_encoder(tmp_path):
    run = subprocess.run([sys.executable, "-c", NARROW_HEVC, str(tmp_path / "a.mp4")], capture_output=True, timeout=300)
    assert run.returncode == 0, run.stderr
    assert len(list(decode_video(tmp_path / "a.mp4"))) == 4
