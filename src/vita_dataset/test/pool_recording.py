"""A recording for tests of the worker pool: who reads it is killed, or finds what it is told to find."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from vita_dataset.episode import Episode, EpisodeTable

STEPS = 10
BAD = 5
"""The episode in which it happens."""


@dataclass(frozen=True)
class PoolRequest:
    """Stands in for a ``SourceRequest``.

    Attributes:
        folder: where the workers write down what happened.
        kills: how many workers die.
        exit_code: how; None: by SIGKILL.
        error: what the others raise.
    """

    folder: Path
    kills: int = 0
    exit_code: int | None = None
    error: Exception | None = None

    def open(self) -> PoolRecording:
        """Any number of episodes of 10 steps."""
        return PoolRecording(self)


class PoolRecording:
    def __init__(self, told: PoolRequest) -> None:
        self._told = told
        self.notes: list[str] = []

    def episode(self, index: int) -> Episode:
        rows = np.zeros((STEPS, 1), np.float32)
        return Episode(
            EpisodeTable(index, np.arange(STEPS) / 10.0, rows, rows), {"front": partial(self._frames, index)}
        )

    def _frames(self, index: int, first: int, stop: int) -> Iterator[np.ndarray]:
        for step in range(first, stop):
            yield np.full((16, 16, 3), step, np.uint8)
        if index == BAD:
            self._do_as_told()
        with (self._told.folder / "done").open("a") as handle:
            handle.write(f"{index}\n")

    def _do_as_told(self) -> None:
        killed = len(list(self._told.folder.glob("killed*")))
        if killed < self._told.kills:
            (self._told.folder / f"killed{killed}").touch()
            if self._told.exit_code is not None:
                os._exit(self._told.exit_code)
            os.kill(os.getpid(), signal.SIGKILL)
        if self._told.error is not None:
            raise self._told.error
