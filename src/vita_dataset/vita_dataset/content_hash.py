"""A fingerprint of files: the same content in the same order gives the same text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from vita_dataset.errors import DataError

BLOCK_BYTES = 1 << 20


def hash_files(paths: Iterable[Path], remedy: str = "copy it again from where the recording was made") -> str:
    """A hash over the content of files, one after the other.

    Args:
        paths: the files, in a fixed order.
        remedy: what to do about a file that cannot be read.

    Returns:
        "sha256:" and 64 hexadecimal digits.

    Raises:
        DataError: a file cannot be read.
    """
    digest = hashlib.sha256()
    for path in paths:
        try:
            with path.open("rb") as handle:
                while block := handle.read(BLOCK_BYTES):
                    digest.update(block)
        except OSError as error:
            raise DataError(f"'{path}' cannot be read ({error.strerror}); {remedy}") from error
    return f"sha256:{digest.hexdigest()}"


def hash_text(text: str) -> str:
    """A hash of a text, in the form of ``hash_files``."""
    return f"sha256:{hashlib.sha256(text.encode('utf-8')).hexdigest()}"
