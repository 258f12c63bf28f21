import cv2
import numpy as np
import pytest
from from_bag_bags import compressed, image

from vita_dataset.errors import DataError
from vita_dataset.from_bag_image import COMPRESSED, RAW, picture

CHANNELS = {"rgb8": 3, "bgr8": 3, "rgba8": 4, "bgra8": 4, "mono8": 1}


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("encoding", CHANNELS)
@pytest.mark.parametrize("padding", [0, 5])
def test_raw_pictures_are_those_that_the_node_sees(encoding, padding):
    conversions = pytest.importorskip("vita_policy_node.conversions")
    row = 6 * CHANNELS[encoding] + padding
    message = image(1, 0, (4, 6), encoding, step=row, data=noise(4, row).reshape(-1))
    seen = picture(message, RAW)
    theirs = conversions.Image(
        height=4, width=6, encoding=encoding, step=row, data=message.data.tobytes(), header=conversions.Image().header
    )
    np.testing.assert_array_equal(seen, conversions.decode_image(theirs, 4, 6))
    assert seen.shape == (4, 6, 3)


@pytest.mark.parametrize("extension", [".png", ".jpg"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_compressed_pictures_are_those_that_the_node_sees(extension, channels):
    conversions = pytest.importorskip("vita_policy_node.conversions")
    if (extension, channels) == (".jpg", 4):
        channels = 3  # a jpeg has no alpha
    content = cv2.imencode(extension, noise(16, 24, channels))[1].tobytes()
    seen = picture(compressed(1, content), COMPRESSED)
    theirs = conversions.CompressedImage(format="jpeg", data=content)
    np.testing.assert_array_equal(seen, conversions.decode_image(theirs, 16, 24))


@pytest.mark.parametrize(
    ("message", "kind", "says"),
    [
        (image(1, 0, encoding="16UC1"), RAW, "encoding '16UC1'"),
        (image(1, 0, data=np.zeros(7, np.uint8)), RAW, "7 bytes"),
        (image(1, 0, step=10), RAW, "rows of 10"),
        (image(1, 0, (0, 0)), RAW, "0x0"),
        (compressed(1, b""), COMPRESSED, "no whole jpeg or png"),
        (compressed(1, b"noise", "h264"), COMPRESSED, "format 'h264'"),
    ],
)
def test_what_is_no_picture_is_refused(message, kind, says):
    with pytest.raises(DataError, match=says):
        picture(message, kind)
