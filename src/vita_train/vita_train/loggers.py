"""Where the metrics of a run go: always a CSV file; TensorBoard and Weights & Biases on request.

The packages of the latter two are imported only where they are asked for.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger, WandbLogger

from vita_dataset.errors import UsageError
from vita_train.csv_log import CsvLog
from vita_train.logger_settings import LoggerSettings
from vita_train.picture_log import PictureLog

log = logging.getLogger(__name__)

TENSORBOARD = "tensorboard"
"""The folder below logs/ that ``tensorboard --logdir`` reads."""


def check_loggers(settings: LoggerSettings) -> None:
    """Check that the loggers that are asked for can work, before anything is written.

    Raises:
        UsageError: a package is not installed, or Weights & Biases knows no account here.
    """
    asked = (("tensorboard", settings.tensorboard), ("wandb", settings.wandb is not None))
    for package, wanted in asked:
        if wanted and importlib.util.find_spec(package) is None:
            raise UsageError(
                f"{package}.enable=true needs the package {package}, which is not installed; "
                f"pip install {package}, or leave the setting out"
            )
    if settings.wandb is not None:
        from vita_train.wandb_run import check_account

        check_account(settings.wandb)


@contextmanager
def open_loggers(
    settings: LoggerSettings, folder: Path, stamp: str, first_step: int, config: Mapping[str, Any]
) -> Iterator[list[Logger]]:
    """While inside, loggers that continue what an earlier part of the run wrote in the same folder.

    Args:
        settings: which.
        folder: the session's logs/.
        stamp: names this part of the run.
        first_step: steps done before it.
        config: the whole configuration, kept beside the metrics.

    Raises:
        UsageError: Weights & Biases refuses the run.
    """
    loggers: list[Logger] = [CsvLog(folder / "metrics" / stamp)]
    if settings.tensorboard:
        from vita_train.tensorboard_log import TensorBoardLog

        board = TensorBoardLog(folder / TENSORBOARD, stamp, first_step)
        board.log_text("config", _as_code(config), first_step)
        loggers.append(board)
    if settings.wandb is None:
        yield loggers
        return
    from vita_train.wandb_run import wandb_run

    with wandb_run(settings.wandb, folder, config) as run:
        yield [*loggers, WandbLogger(experiment=run)]


def log_images(loggers: Iterable[Logger], step: int, paths: Mapping[str, Path]) -> None:
    """Show PNG files, by title, in the loggers that can."""
    _show(loggers, step, paths, film=False)


def log_videos(loggers: Iterable[Logger], step: int, paths: Mapping[str, Path]) -> None:
    """Show films, by title, in the loggers that can."""
    _show(loggers, step, paths, film=True)


def _show(loggers: Iterable[Logger], step: int, paths: Mapping[str, Path], film: bool) -> None:
    for logger in loggers:
        if not isinstance(logger, (PictureLog, WandbLogger)):
            continue
        for title, path in paths.items():
            try:
                if isinstance(logger, PictureLog):
                    logger.log_picture(title, path, step)
                else:
                    (logger.log_video if film else logger.log_image)(title, [str(path)], step=step)
            except OSError as error:
                log.error("'%s' could not be logged (%s); training goes on", path, error)


def _as_code(config: Mapping[str, Any]) -> str:
    """Settings as Markdown, one a line."""
    return "\n".join(f"    {name}: {value}" for name, value in _flat(config, ""))


def _flat(config: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
