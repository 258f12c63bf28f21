"""Ends a run whose numbers are no numbers any more, and says which samples the step was made of."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_dataset.spec import VectorSpec
from vita_dataset.whole_file import write_whole
from vita_dataset.zarr_store import ConvertedDataset
from vita_train.module import VitaModule
from vita_train.session import Session
from vita_train.windows import Windows

log = logging.getLogger(__name__)


class BadNumbers:
    """Knows the samples of each step, and refuses to go on after one whose loss or gradient was not finite."""

    def __init__(
        self,
        session: Session,
        dataset: ConvertedDataset,
        windows: Windows,
        batch: Callable[[int], NDArray[np.int64]],
    ) -> None:
        """Args as the names say; ``batch`` gives the windows, int64 [B], of the step that follows so many steps."""
        self._session = session
        self._dataset = dataset
        self._windows = windows
        self._batch = batch

    def refuse(self, module: VitaModule) -> None:
        """End the run if a step's loss or gradient was not finite.

        Raises:
            DataError: names the step, the file that lists its samples, and the last good checkpoint.
        """
        before = int(module.first_bad_step)
        if before < 0:
            return
        step = before + 1
        saved = self._session.saved_steps()
        good = (
            f"'{self._session.checkpoint(saved[-1])}' is the last good checkpoint"
            if saved
            else "there is no checkpoint yet"
        )
        listed = self._write(step, self._batch(before), module)
        raise DataError(
            f"training stopped because loss or gradient of step {step} is not finite; "
            f"{'' if listed is None else f'its samples are listed in {str(listed)!r}; '}{good}; lower optimizer_lr, or "
            "look for outliers in the dataset with 'ros2 run vita_dataset inspect'"
        )

    def _write(self, step: int, windows: NDArray[np.int64], module: VitaModule) -> Path | None:
        """Put the list beside the logs; None where the disk does not take it."""
        path = self._session.logs / f"bad_batch_step_{step:010d}.json"
        content = {
            "step": step,
            # A step on a GPU is looked at later, when the newest losses are those of another one.
            "losses": {"step": module.step} | {name: _plain(float(value)) for name, value in module.metrics.items()},
            "samples": [self._sample(int(window)) for window in windows],
        }
        try:
            write_whole(path, [json.dumps(content, indent=1).encode() + b"\n"])
        except OSError as error:
            log.error("the samples of step %d could not be listed in '%s' (%s)", step, path, error)
            return None
        return path

    def _sample(self, window: int) -> dict[str, Any]:
        """Where a window is in the dataset, and the number in it that lies farthest from what is usual."""
        data, numbers = self._dataset, np.array([window])
        now = int(self._windows.starts[window])
        episode = int(np.searchsorted(data.episode_ends, now, side="right"))
        first = int(data.episode_ends[episode - 1]) if episode else 0
        state = data.state[self._windows.observations(numbers)[0]]
        action = data.action[self._windows.actions(numbers)[0][0]]
        finite = bool(np.isfinite(state).all() and np.isfinite(action).all())
        farthest = [self._farthest(data.spec.state, state), self._farthest(data.spec.action, action)]
        return {
            "window": window,
            "episode": episode,
            "frame": now - first,
            "finite": finite,
            "farthest_from_mean_in_std": {name: _plain(distance) for name, distance in farthest},
        }

    def _farthest(self, vector: VectorSpec, rows: NDArray[np.float32]) -> tuple[str, float]:
        """Of rows [n, D]: name and distance of the element farthest from its mean, in standard deviations."""
        stats = self._dataset.stats[vector.key]
        std = np.where(stats.std > 0, stats.std, 1.0)
        distance = np.abs((rows.astype(np.float64) - stats.mean) / std).max(axis=0)
        # One that is no number counts as farthest.
        worst = int(np.argmax(np.where(np.isnan(distance), np.inf, distance)))
        return f"{vector.key}: {vector.labels[worst]}", float(distance[worst])


def _plain(value: float) -> float | str:
    """JSON has no word for infinity and for what is no number."""
    return value if math.isfinite(value) else str(value)
