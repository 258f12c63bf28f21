import numpy as np
import pytest
from converted_files import flat

from vita_dataset import raw_chunks
from vita_dataset.errors import DataError
from vita_dataset.frame_files import frame_writer, rows_per_file
from vita_dataset.image_codec import ImageCodec
from vita_dataset.spec import CameraSpec

CODECS = ("raw", "jpeg:80")
CAMERA = CameraSpec("front", 16, 24)


@pytest.fixture(autouse=True)
def few_rows(monkeypatch):
    """Files of two raw frames and of eight JPEGs."""
    monkeypatch.setattr(raw_chunks, "CHUNK_BYTES", 16 * 24 * 3 * 2)


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("size", "raw", "jpeg"), [((240, 320), 64, 256), ((480, 640), 16, 64), ((1080, 1920), 2, 8), ((8, 8), 256, 256)]
)
def test_files_are_some_megabytes(monkeypatch, size, raw, jpeg):
    monkeypatch.undo()
    camera = CameraSpec("front", *size)
    assert rows_per_file(camera, ImageCodec()) == raw
    assert rows_per_file(camera, ImageCodec(90)) == jpeg


@pytest.mark.parametrize("text", CODECS)
def test_parts_make_the_files_of_the_whole(tmp_path, text):
    codec = ImageCodec.parse(text)
    rows = rows_per_file(CAMERA, codec)
    images = [flat(step % 3, 0, step % 8, (16, 24)) for step in range(2 * rows + 1)]
    whole = frame_writer(tmp_path / "whole", CAMERA, codec)
    for image in images:
        whole.append(image)
    assert len(whole) == len(images)
    whole.close()
    for first in (2 * rows, 0, rows):
        part = frame_writer(tmp_path / "parts", CAMERA, codec, first)
        for image in images[first : first + rows]:
            part.append(image)
        part.close()
        assert len(part) == len(images[first : first + rows])
    assert files(tmp_path / "parts") == files(tmp_path / "whole")
    assert set(files(tmp_path / "whole")) == {f"c/{number}/0/0/0" for number in range(3)}


def test_raw_frames_are_given_back_as_they_are_and_others_as_stored(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)
    assert frame_writer(tmp_path / "raw", CAMERA, ImageCodec()).append(image) is image
    stored = frame_writer(tmp_path / "jpeg", CAMERA, ImageCodec(50)).append(image)
    assert stored.shape == image.shape
    assert (stored != image).any()


@pytest.mark.parametrize("text", CODECS)
def test_frames_of_another_kind_and_first_rows_within_a_file_are_refused(tmp_path, text):
    codec = ImageCodec.parse(text)
    writer = frame_writer(tmp_path, CAMERA, codec)
    for bad in (np.zeros((24, 16, 3), np.uint8), np.zeros((16, 24, 3), np.float32), np.zeros((16, 24), np.uint8)):
        with pytest.raises(DataError, match=r"a frame of 'front' is .*, not uint8 \[16, 24, 3\]"):
            writer.append(bad)
    with pytest.raises(ValueError, match="not a multiple"):
        frame_writer(tmp_path, CAMERA, codec, 1)
