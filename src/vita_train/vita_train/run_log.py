"""Where the messages of a run go: the terminal and logs/train.log."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


class _FileHandler(logging.FileHandler):
    """Says once on the console that the file takes no more messages, instead of a traceback for each of them."""

    def __init__(self, file: Path, console: logging.Handler) -> None:
        super().__init__(file, encoding="utf-8")
        self._console = console
        self._refused = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the name that logging calls)
        """Stay with the console when the disk refuses; anything else is a bug and shown as usual."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self._refused:
            self._refused = True
            text = f"messages cannot be written to '{self.baseFilename}' ({error}); training goes on"
            self._console.handle(logging.LogRecord(__name__, logging.ERROR, __file__, 0, text, None, None))

    def close(self) -> None:
        """Close the file, also when the disk does not take its last messages."""
        with suppress(OSError):
            super().close()


@contextmanager
def run_log(file: Path, console: Console) -> Iterator[None]:
    """While inside, messages of training go to the console and, with time and level, to the end of a file.

    Raises:
        DataError: the disk does not allow to write that file.
    """
    to_console = _ConsoleHandler(console)
    with disk_refusals(file.parent):
        to_file = _FileHandler(file, to_console)
    to_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
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
