import cv2
import numpy as np
import pytest

from vita_dataset import jpeg
from vita_dataset.errors import DataError
from vita_dataset.jpeg import decode_jpeg, encode_jpeg


@pytest.fixture
def picture():
    """Smooth, with a thin red line on green: what halved colour smears."""
    rows, columns = np.mgrid[:48, :64]
    image = np.stack([rows * 2, columns * 2 + 60, rows + columns], axis=-1).astype(np.uint8)
    image[:, 31] = (230, 20, 20)
    return image


def test_colours_keep_order_and_resolution(picture):
    again = decode_jpeg(encode_jpeg(picture, 95), 48, 64)
    assert again.dtype == np.uint8
    assert np.abs(again.astype(int) - picture).max() < 40
    assert np.abs(again.astype(int) - picture).mean() < 2


def test_quality_buys_bytes(picture):
    assert len(encode_jpeg(picture, 30)) < len(encode_jpeg(picture, 60)) < len(encode_jpeg(picture, 95))


def test_older_opencv_decodes_to_the_same_pixels(picture, monkeypatch):
    encoded = encode_jpeg(picture, 90)
    monkeypatch.setattr(jpeg, "_DECODES_TO_RGB", False)
    monkeypatch.setattr(jpeg, "_DECODE", cv2.IMREAD_COLOR)
    older = decode_jpeg(encoded, 48, 64)
    monkeypatch.undo()
    np.testing.assert_array_equal(older, decode_jpeg(encoded, 48, 64))


def test_what_is_no_such_picture_is_refused(picture):
    for nothing in (b"", b"not a picture"):
        with pytest.raises(DataError, match="no JPEG"):
            decode_jpeg(np.frombuffer(nothing, np.uint8), 48, 64)
    huge = bytearray(encode_jpeg(picture, 90).tobytes())
    place = huge.index(b"\xff\xc0") + 5
    huge[place : place + 4] = b"\xff\xdc\xff\xdc"
    with pytest.raises(DataError, match="no JPEG"):
        decode_jpeg(np.frombuffer(huge, np.uint8), 48, 64)
    with pytest.raises(DataError, match="48x64 pixels, not 64x48"):
        decode_jpeg(encode_jpeg(picture, 90), 64, 48)
