import subprocess
import sys

import numpy as np
import pytest
import zarr
from converted_files import FRONT, flat, write_converted

from vita_dataset import zarr_store
from vita_dataset.frame_files import frame_writer, rows_per_file
from vita_dataset.image_codec import ImageCodec
from vita_dataset.jpeg_zarr_codec import JpegCodec
from vita_dataset.spec import CameraSpec

CAMERA = CameraSpec("front", 16, 24)


def test_plain_zarr_reads_what_we_write_and_writes_it_the_same(tmp_path):
    codec, rows = ImageCodec(90), rows_per_file(CAMERA, ImageCodec(90))
    images = np.stack([flat(0, step % 2, step % 16, (16, 24)) for step in range(rows + 3)])
    writer = frame_writer(tmp_path / "data" / "front", CAMERA, codec)
    stored = np.stack([writer.append(image) for image in images])
    writer.close()
    zarr_store.declare_frames(tmp_path, CAMERA, codec, len(images))
    array = zarr.open_array(tmp_path / "data" / "front", mode="r")
    np.testing.assert_array_equal(array[:], stored)
    np.testing.assert_array_equal(array[rows - 1], stored[rows - 1])
    zarr_store.declare_frames(tmp_path / "zarr", CAMERA, codec, len(images))
    zarr.open_array(tmp_path / "zarr" / "data" / "front", mode="a")[:] = images
    again = zarr.open_array(tmp_path / "zarr" / "data" / "front", mode="r")
    np.testing.assert_array_equal(again[:], stored)


def test_plain_zarr_finds_the_codec_of_the_installed_package(tmp_path):
    """Fails where the package was not built again after its entry point came."""
    path = write_converted(tmp_path / "set", "jpeg") / "data" / FRONT
    code = "import sys, zarr; print(zarr.open_array(sys.argv[1], mode='r')[11, 0, 0])"
    run = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    stored = zarr_store.open_dataset(tmp_path / "set").read_frames(FRONT, [11])[0, 0, 0]
    assert run.stdout.strip() == str(stored)


@pytest.mark.parametrize(
    ("shape", "chunks", "dtype"),
    [((4, 16, 24, 3), (2, 16, 24, 3), "uint8"), ((4, 16, 24, 3), (1, 16, 24, 3), "int16"), ((4, 16), (1, 16), "uint8")],
)
def test_what_is_no_frame_is_refused(tmp_path, shape, chunks, dtype):
    with pytest.raises(ValueError, match="stores chunks of uint8"):
        zarr.create_array(
            tmp_path / "a", shape=shape, chunks=chunks, dtype=dtype, serializer=JpegCodec(90), compressors=None
        )[0] = 1


def test_its_entry_in_the_metadata_comes_back():
    assert JpegCodec.from_dict(JpegCodec(75).to_dict()) == JpegCodec(75)
