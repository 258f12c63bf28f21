"""A validation in an environment on disk: ``online.json`` and films, beside what an offline validation wrote there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vita_dataset.errors import DataError
from vita_dataset.publish import publish
from vita_train.online_result import OnlineResult
from vita_train.validation_folder import ONLINE_FILE, is_validation

FILM_SUFFIX = ".mp4"


def film_name(number: int) -> str:
    """The name of the film of episode ``number``, counted from 0; ``episode_<n>.png`` are recorded episodes."""
    return f"online_episode_{number}{FILM_SUFFIX}"


def write_online(folder: Path, result: OnlineResult, films: Path, about: Mapping[str, Any]) -> list[Path]:
    """Add a validation to a folder, in place of an earlier one only; the folder changes as a whole or not at all.

    Args:
        folder: where; need not exist.
        result: of the episodes.
        films: folder that holds the films that ``result`` names.
        about: further JSON values for the beginning of the file: the step, the checkpoint.

    Returns:
        The films at their place.

    Raises:
        DataError: the disk does not take it, or the folder holds something else.
    """
    names = [outcome.video for outcome in result.outcomes if outcome.video is not None]
    try:
        with publish(folder, overwrite=True, replaceable=is_validation) as work:
            work.mkdir()
            if folder.is_dir():
                for path in folder.iterdir():
                    if path.name != ONLINE_FILE and path.suffix != FILM_SUFFIX:
                        shutil.copyfile(path, work / path.name)
            for name in names:
                shutil.copyfile(films / name, work / name)
            text = json.dumps({**about, **result.to_dict()}, indent=2, allow_nan=False)
            (work / ONLINE_FILE).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise DataError(f"'{folder}' cannot be written ({error}); free some space or choose another place") from error
    return [folder / name for name in names]
