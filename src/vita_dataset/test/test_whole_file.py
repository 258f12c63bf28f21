import errno
import os

import numpy as np
import pytest

from vita_dataset import whole_file
from vita_dataset.whole_file import block_array, write_block, write_whole


def test_a_file_is_old_or_new_and_nothing_is_left(tmp_path):
    path = tmp_path / "c" / "0"
    write_whole(path, [b"old"])

    def killed():
        yield b"half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, killed())
    assert path.read_bytes() == b"old"
    write_whole(path, [b"ne", memoryview(b"w")])
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 3 * 4096 + 17])
@pytest.mark.parametrize("refuses", ["nothing", "to open", "to write"])
def test_a_block_arrives_whatever_the_file_system_can(tmp_path, monkeypatch, size, refuses):
    really_open, really_write, direct = os.open, os.write, []

    def opened(path, flags, *rest):
        if refuses == "to open" and flags & whole_file.DIRECT:
            raise OSError(errno.EINVAL, "no direct writes here")
        descriptor = really_open(path, flags, *rest)
        direct.append(descriptor)
        return descriptor

    def written(descriptor, data):
        if refuses == "to write" and len(data) % whole_file.BLOCK_BYTES == 0 and len(direct) == 1:
            direct.clear()
            raise OSError(errno.EINVAL, "other blocks, please")
        return really_write(descriptor, data[:5000])  # never all at once

    block = block_array((size,), np.uint8)
    block[:] = np.arange(size) % 251
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", opened)
        patch.setattr(os, "write", written)
        write_block(tmp_path / "c/0", block)
    assert (tmp_path / "c/0").read_bytes() == block.tobytes()
    assert [path.name for path in (tmp_path / "c").iterdir()] == ["0"]


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    write_block(tmp_path / "0", block_array((3, 5), np.float32))

    def full(descriptor, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            write_block(tmp_path / "0", block_array((3, 5), np.float32) + 1)
    assert (tmp_path / "0").read_bytes() == bytes(60)
