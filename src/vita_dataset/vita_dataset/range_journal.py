"""What is known of the ranges that a conversion has finished, one file a range, so that it can go on after a kill."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_dataset.image_stats import ImageSums
from vita_dataset.picture_watch import Watched

PLAN_FILE = "plan.json"
VERSION = 1
SUMS = ("mean", "m2", "low", "high", "histogram")
"""The arrays of ``ImageSums``."""


@dataclass(frozen=True, eq=False)
class CameraRecord:
    """One camera in one range.

    Attributes:
        sums: of its pixels.
        watched: what was seen in each piece of the range, in order.
    """

    sums: ImageSums
    watched: tuple[Watched, ...]


@dataclass(frozen=True, eq=False)
class RangeRecord:
    """A range whose frames are on the disk.

    Attributes:
        number: of the range in the plan.
        cameras: by key.
        notes: what was read in spite of how it was written.
    """

    number: int
    cameras: Mapping[str, CameraRecord]
    notes: tuple[str, ...]


class Journal:
    """The records of a conversion in a folder. Workers write them, each range once; whoever finishes reads them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, plan: Mapping[str, Any]) -> None:
        """Start for a plan. The plan's file appears when it is whole.

        Args:
            plan: plain JSON types that differ wherever two conversions would write something else.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(self.folder / PLAN_FILE, json.dumps({"version": VERSION, **plan}).encode())

    def plan(self) -> Mapping[str, Any] | None:
        """What was begun here; None where nothing was."""
        try:
            found = json.loads((self.folder / PLAN_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def is_of(self, plan: Mapping[str, Any]) -> bool:
        """Whether what was begun here would write the same as ``plan``."""
        return bool(self.plan() == json.loads(json.dumps({"version": VERSION, **plan})))

    def finished(self) -> set[int]:
        """The numbers of the ranges that are done."""
        return {int(path.stem) for path in self.folder.glob("*.npz") if path.stem.isdigit()}

    def write(self, record: RangeRecord) -> None:
        """Add a range, whose frames must be on the disk before."""
        cameras = []
        arrays: dict[str, NDArray[Any]] = {}
        for place, (key, camera) in enumerate(record.cameras.items()):
            for name in SUMS:
                arrays[f"{name}_{place}"] = getattr(camera.sums, name)
            pieces = []
            for piece, watched in enumerate(camera.watched):
                arrays[f"head_{place}_{piece}"], arrays[f"tail_{place}_{piece}"] = watched.head, watched.tail
                pieces.append([watched.first, watched.last, watched.black, watched.still])
            cameras.append({"key": key, "images": camera.sums.images, "pixels": camera.sums.pixels, "pieces": pieces})
        document = json.dumps({"cameras": cameras, "notes": record.notes}).encode()
        path = self._path(record.number)
        temporary = path.with_suffix(f".{os.getpid()}")
        with temporary.open("wb") as handle:
            np.savez(handle, allow_pickle=False, document=np.frombuffer(document, np.uint8), **arrays)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)

    def read(self, number: int) -> RangeRecord:
        """The record of a range.

        Raises:
            DataError: it is missing or damaged.
        """
        path = self._path(number)
        try:
            with np.load(path, allow_pickle=False) as arrays:
                document = json.loads(arrays["document"].tobytes())
                cameras = {
                    str(camera["key"]): CameraRecord(
                        ImageSums(
                            int(camera["images"]),
                            int(camera["pixels"]),
                            **{name: arrays[f"{name}_{place}"] for name in SUMS},
                        ),
                        tuple(
                            Watched(
                                int(first),
                                int(last),
                                tuple((int(begin), int(end)) for begin, end in black),
                                tuple((int(begin), int(end)) for begin, end in still),
                                arrays[f"head_{place}_{piece}"],
                                arrays[f"tail_{place}_{piece}"],
                            )
                            for piece, (first, last, black, still) in enumerate(camera["pieces"])
                        ),
                    )
                    for place, camera in enumerate(document["cameras"])
                }
                return RangeRecord(number, cameras, tuple(str(note) for note in document["notes"]))
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise DataError(
                f"the record '{path}' of an interrupted conversion cannot be read ({error!r}); remove it and run the "
                "conversion again with --resume"
            ) from error

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.npz"


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_suffix(f".{os.getpid()}")
    with temporary.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(path)
