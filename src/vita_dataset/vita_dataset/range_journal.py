"""What is known of the ranges that a conversion has finished, one file a range, so that it can go on after a kill."""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_dataset.image_stats import ImageSums
from vita_dataset.picture_watch import Watched

JOURNAL = "journal"
"""The name of the folder, beside the dataset that is not whole yet."""
PLAN_FILE = "plan.json"
VERSION = 1
SUMS = ("mean", "m2", "low", "high", "histogram")
"""The arrays of ``ImageSums``."""
CHECKSUM_BYTES = 32
"""At the end of a record: SHA-256 of what is before."""
PATIENCE_S = 60.0
POLL_S = 0.02


class UnfinishedError(DataError):
    """The conversion cannot go on now, but later: what is finished stays."""


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

    @contextmanager
    def working(self, spec: Mapping[str, Any]) -> Iterator[None]:
        """Hold while a range of the dataset ``spec`` is written: what ``alone`` waits for, in all processes.

        Raises:
            UnfinishedError: this machine does not see the journal, or something else has begun here.
        """
        try:
            handle = (self.folder / PLAN_FILE).open("rb")
        except FileNotFoundError as error:
            raise UnfinishedError(
                f"the folder '{self.folder}' does not exist on this machine; recording and result must lie on a file "
                "system that all workers share"
            ) from error
        with handle:
            fcntl.flock(handle, fcntl.LOCK_SH)
            if (self.plan() or {}).get("spec") != json.loads(json.dumps(spec)):
                raise UnfinishedError(f"another conversion has begun in '{self.folder}'; wait for it to end")
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold while ranges are thrown away. Waits for workers, which outlive a killed conversion for a moment.

        Raises:
            UnfinishedError: they do not end.
        """
        if not (self.folder / PLAN_FILE).exists():  # nothing was begun
            yield
            return
        deadline_s = time.monotonic() + PATIENCE_S
        with (self.folder / PLAN_FILE).open("r+b") as handle:
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    if time.monotonic() > deadline_s:
                        raise UnfinishedError(
                            f"workers of an earlier conversion still write to '{self.folder.parent}'; wait for them to "
                            "end, or end them, and run the same again"
                        ) from error
                    time.sleep(POLL_S)
            yield

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
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, document=np.frombuffer(document, np.uint8), **arrays)
        content = buffer.getvalue()
        _write(self._path(record.number), content + hashlib.sha256(content).digest())

    def read(self, number: int) -> RangeRecord:
        """The record of a range.

        Raises:
            UnfinishedError: it is missing or damaged.
        """
        path = self._path(number)
        try:
            whole = path.read_bytes()
            content, checksum = whole[:-CHECKSUM_BYTES], whole[-CHECKSUM_BYTES:]
            if hashlib.sha256(content).digest() != checksum:
                raise ValueError("its checksum is wrong")
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
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
        except (OSError, ValueError) as error:
            raise UnfinishedError(
                f"the record '{path}' of an interrupted conversion cannot be read ({error}); remove it and run the "
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
