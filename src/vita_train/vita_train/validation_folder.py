"""A validation on disk: ``metrics.json`` and plots, in a folder that appears when whole."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from vita_dataset.errors import DataError
from vita_dataset.publish import publish
from vita_train.validation_errors import Validation
from vita_train.validation_examples import Example
from vita_train.validation_plots import plot_examples

METRICS_FILE = "metrics.json"
"""Holds the errors on held-out episodes."""

ONLINE_FILE = "online.json"
"""Holds what came of episodes in an environment."""


def write_validation(
    folder: Path,
    validation: Validation,
    examples: Iterable[Example],
    fps: float,
    about: Mapping[str, Any],
) -> None:
    """Write a validation, in place of an earlier one only.

    Args:
        folder: where.
        validation: the errors.
        examples: what to plot.
        fps: steps per second [Hz].
        about: further JSON values for the beginning of the file: the step, the checkpoint.

    Raises:
        DataError: the disk does not take it, or the folder holds something else.
    """
    try:
        with publish(folder, overwrite=True, replaceable=is_validation) as work:
            work.mkdir()
            (work / METRICS_FILE).write_text(
                json.dumps({**about, **validation.to_dict()}, indent=2, allow_nan=False) + "\n", encoding="utf-8"
            )
            plot_examples(work, validation, examples, fps)
    except OSError as error:
        raise DataError(f"'{folder}' cannot be written ({error}); free some space or choose another place") from error


def read_error(folder: Path) -> tuple[tuple[int, ...], float] | None:
    """Of an earlier validation on held-out episodes: which, and the error that decides (see ``Validation.score``).

    Returns:
        None when there is none that can be read.
    """
    try:
        content = json.loads((folder / METRICS_FILE).read_bytes())
        episodes = tuple(int(episode) for episode in content["episodes"])
        return episodes, float(content["mae_over_range"]["policy"]["executed"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_success(folder: Path) -> tuple[float, float, str] | None:
    """Of an earlier validation in an environment: success rate, mean of the largest rewards, what was measured.

    Returns:
        None when there is none that can be read.
    """
    try:
        content = json.loads((folder / ONLINE_FILE).read_bytes())
        return float(content["success_rate"]), float(content["mean_max_reward"]), str(content["measured_on"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_validation(folder: Path) -> bool:
    """Whether a folder holds a validation of either kind."""
    return (folder / METRICS_FILE).is_file() or (folder / ONLINE_FILE).is_file()
