"""Opening a bag for reading."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ros2cli.errors import CliError
from rosbags.rosbag2 import Reader, ReaderError


@contextmanager
def open_bag(path: Path) -> Iterator[Reader]:
    """Open a bag folder, or a single .mcap or .db3 file.

    Raises:
        CliError: it does not exist, or is no complete bag.
    """
    try:
        reader = Reader(path)
        reader.open()
    except FileNotFoundError as error:
        missing = "has no metadata.yaml: the recording was not finished" if path.is_dir() else "does not exist"
        raise CliError(f"[ERROR] [ros2bag]: bag path '{path}' {missing}") from error
    except (ReaderError, OSError) as error:
        raise CliError(f"[ERROR] [ros2bag]: bag '{path}' cannot be read: {error}") from error
    try:
        yield reader
    finally:
        reader.close()
