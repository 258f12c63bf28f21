"""Where the messages of a run go: the terminal and logs/train.log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from vita_train.session import disk_refusals

NAMES = ("vita_train", "lightning.pytorch", "py.warnings")


class _ConsoleHandler(logging.Handler):
    """Writes through the console that also draws the progress bar, so that neither breaks the other."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        prefix = "" if record.levelno < logging.WARNING else f"{record.levelname.lower()}: "
        self._console.print(prefix + self.format(record), markup=False, highlight=False, soft_wrap=True)


@contextmanager
def run_log(file: Path, console: Console) -> Iterator[None]:
    """While inside, messages of training go to the console and, with time and level, to the end of a file.

    Raises:
        DataError: the disk does not allow to write that file.
    """
    with disk_refusals(file.parent):
        to_file = logging.FileHandler(file, encoding="utf-8")
    to_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    to_console = _ConsoleHandler(console)
    handlers = (to_file, to_console)
    loggers = [logging.getLogger(name) for name in NAMES]
    levels = [logger.level for logger in loggers]
    logging.captureWarnings(True)
    for logger in loggers:
        for handler in handlers:
            logger.addHandler(handler)
    loggers[0].setLevel(logging.INFO)
    try:
        yield
    except BaseException:
        # The command's last word goes to the terminal by itself; the file keeps it with its traceback.
        loggers[0].removeHandler(to_console)
        loggers[0].exception("training ended early")
        raise
    finally:
        logging.captureWarnings(False)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
            for handler in handlers:
                logger.removeHandler(handler)
        to_file.close()
