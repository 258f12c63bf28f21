"""Where a dataset is, how large it is, and what it was made from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from vita_dataset.errors import DataError
from vita_dataset.folder import Place
from vita_dataset.remote_folder import shown
from vita_dataset.sources import EpisodeSource
from vita_dataset.vita_zarr_source import VERSION as VITA_ZARR
from vita_dataset.zarr_store import ConvertedDataset


@dataclass(frozen=True)
class Origin:
    """Where a dataset is and where it came from.

    Attributes:
        path: its folder, or its URL without credentials.
        kind: what it is, and how large where that can be told.
        recording: the folder it was converted from; empty for a recording.
        fingerprint: the hash of what was recorded; empty where it was not computed or a file is missing.
        left_out: features that are not read.
    """

    path: Place
    kind: str
    recording: str
    fingerprint: str
    left_out: tuple[str, ...]


def origin(place: Place, source: EpisodeSource, *, hashed: bool) -> Origin:
    """Look up where a dataset came from.

    Args:
        place: its folder or URL.
        source: the dataset there.
        hashed: compute the fingerprint of a recording, which reads all its files.
    """
    spec = source.spec
    path, size = (place, f", {folder_bytes(place) / 1e6:.1f} MB") if isinstance(place, Path) else (shown(place), "")
    if isinstance(source, ConvertedDataset):
        recording = f"{spec.source.path} ({_kind(spec.source.codebase_version)})"
        return Origin(path, f"converted dataset{size}", recording, spec.source.fingerprint, ())
    try:
        fingerprint = source.fingerprint() if hashed else ""
    except DataError:  # a file is missing: the survey says which
        fingerprint = ""
    return Origin(path, f"{_kind(spec.source.codebase_version)}{size}", "", fingerprint, tuple(source.left_out))


def _kind(version: str) -> str:
    return version if version == VITA_ZARR else f"LeRobot {version}"


def folder_bytes(path: Path) -> int:
    """The size of all files in a folder; what cannot be looked at, or is removed meanwhile, counts nothing."""
    return sum(_file_bytes(f"{folder}/{name}") for folder, _, names in os.walk(path) for name in names)


def _file_bytes(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0
