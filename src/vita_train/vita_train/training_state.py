"""``training_state.pt``: what a run needs beyond the served weights to go on as if it had never stopped."""

from __future__ import annotations

import pickle
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vita_dataset.errors import DataError

FILE = "training_state.pt"
FORMAT_VERSION = 1
CHECKSUMS = "crc32"
PIECE_BYTES = 1 << 20


@dataclass(frozen=True, eq=False)
class TrainingState:
    """The state of a run after ``step`` optimisation steps.

    Learning rate, sample order and random numbers are functions of the step and the settings, so the step stands
    for all three.

    Attributes:
        step: optimisation steps done.
        weights: the policy's own state_dict, not averaged.
        optimizer: AdamW's moments, by the parameter's number.
        ema: averaged weights by parameter name; None when the run averages none.
        precision: how far 16-mixed has tuned its loss scale, plain numbers; empty in the other precisions.
        run: settings that a continuation should share, by dotted key; plain values.
    """

    step: int
    weights: Mapping[str, Tensor]
    optimizer: Mapping[int, Any]
    ema: Mapping[str, Tensor] | None
    precision: Mapping[str, Any]
    run: Mapping[str, Any]


def write_training_state(folder: Path, state: TrainingState) -> None:
    """Write the state into a checkpoint folder, with the checksums of the files that are there already.

    Raises:
        OSError: it cannot be written; the disk is full, for example.
    """
    content = {
        "format_version": FORMAT_VERSION,
        "step": state.step,
        "weights": dict(state.weights),
        "optimizer": dict(state.optimizer),
        "ema": None if state.ema is None else dict(state.ema),
        "precision": dict(state.precision),
        "run": dict(state.run),
        CHECKSUMS: {file.name: file_crc32(file) for file in sorted(folder.iterdir())},
    }
    try:
        torch.save(content, folder / FILE)
    except RuntimeError as error:
        # torch reports a failed write as RuntimeError; its first line says why.
        raise OSError(str(error).partition("\n")[0]) from error


def broken_checksum(folder: Path) -> str | None:
    """The name of a file of a checkpoint whose bytes are not those that were written, None where all are.

    The parts of the state have checksums of their own, as those of every zip file, which torch does not look at. The
    state in turn holds those of the files beside it; states of before it did tell nothing of them.

    Raises:
        OSError: a file cannot be read.
        zipfile.BadZipFile, pickle.UnpicklingError, RuntimeError, ValueError, KeyError, TypeError, EOFError: the state
            is so broken that it cannot be read at all.
    """
    path = folder / FILE
    with zipfile.ZipFile(path) as parts:
        if parts.testzip() is not None:
            return FILE
    written = torch.load(path, map_location="cpu", weights_only=True, mmap=True).get(CHECKSUMS, {})
    return next((name for name, crc in written.items() if file_crc32(folder / name) != crc), None)


def file_crc32(path: Path) -> int:
    """The CRC-32 of a file's bytes.

    Raises:
        OSError: it cannot be read.
    """
    crc = 0
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            crc = zlib.crc32(piece, crc)
    return crc


def read_training_state(folder: Path) -> TrainingState:
    """Read the state from a checkpoint folder, onto the CPU. Nothing in the file is executed.

    Raises:
        DataError: no such file, a damaged one, or one of another format.
    """
    path = folder / FILE
    if not path.is_file():
        raise DataError(
            f"'{folder}' has no {FILE}, so it can serve but not be resumed; give another checkpoint_path=<folder>"
        )
    try:
        if not zipfile.is_zipfile(path):
            raise EOFError("no whole zip file")
        content = torch.load(path, map_location="cpu", weights_only=True)
        if content["format_version"] != FORMAT_VERSION:
            raise DataError(
                f"'{path}' has format {content['format_version']}, but this version reads {FORMAT_VERSION}; "
                "resume with the version that wrote it"
            )
        fields = {name: content[name] for name in ("step", "weights", "optimizer", "ema", "run")}
        # Files of before 16-mixed could be resumed exactly have no such part.
        fields["precision"] = content.get("precision", {})
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, TypeError, OSError) as error:
        raise DataError(
            f"'{path}' cannot be read ({type(error).__name__}); resume from another checkpoint_path=<folder>"
        ) from error
    return TrainingState(**fields)
