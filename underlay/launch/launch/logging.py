"""The launch's own log: lines on the screen, and launch.log in a folder of its own for each run."""

from __future__ import annotations

import logging
import os
import socket
import sys
import time
from collections.abc import Set
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._coverage import refuse_attributes

SCREEN = "screen"
LOG = "log"


def _log_root() -> Path:
    """Return ROS_LOG_DIR, or the folder log in ROS_HOME or ~/.ros."""
    if folder := os.environ.get("ROS_LOG_DIR"):
        return Path(folder).expanduser()
    return Path(os.environ.get("ROS_HOME") or "~/.ros").expanduser() / "log"


class LaunchConfig:
    """Where this run keeps its logs."""

    def __init__(self) -> None:
        self._log_dir: str | None = None

    @property
    def log_dir(self) -> str:
        """The folder of this run, made when it is first asked for."""
        if self._log_dir is None:
            stamp = time.time()
            name = time.strftime("%Y-%m-%d-%H-%M-%S", time.localtime(stamp)) + f"-{int(stamp % 1 * 1e6):06d}"
            folder = _log_root() / f"{name}-{socket.gethostname()}-{os.getpid()}"
            folder.mkdir(parents=True, exist_ok=True)
            self._log_dir = str(folder)
        return self._log_dir

    def get_log_file_path(self, file_name: str = "launch.log") -> str:
        """Return the path of a file in the folder of this run."""
        return str(Path(self.log_dir) / file_name)


launch_config = LaunchConfig()


class _Handler(logging.Handler):
    """Writes to the screen and to launch.log, as each record asks; plain lines carry no level."""

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if not getattr(record, "plain", False):
            text = f"[{record.levelname}] [{record.name}]: {text}"
        targets: Set[str] = getattr(record, "targets", frozenset((SCREEN, LOG)))
        try:
            if SCREEN in targets and record.levelno > logging.DEBUG:
                sys.stdout.write(text + "\n")
                sys.stdout.flush()
            if LOG in targets:
                with Path(launch_config.get_log_file_path()).open("a", encoding="utf-8") as file:
                    file.write(f"{record.created:.7f} {text}\n")
        except Exception:  # the contract of logging handlers: a failing log does not end the program
            self.handleError(record)


_handler = _Handler()


def get_logger(name: str | None = None) -> logging.Logger:
    """Return a logger that writes to the screen (from INFO on) and to launch.log."""
    logger = logging.getLogger(name or "launch.user")
    if _handler not in logger.handlers:
        logger.addHandler(_handler)
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
    return logger


def log_line(name: str, line: str, targets: Set[str]) -> None:
    """Write a line of a process, with its name before it."""
    extra: dict[str, Any] = {"plain": True, "targets": targets}
    get_logger(name).info("[%s] %s", name, line, extra=extra)


if not TYPE_CHECKING:
    __getattr__ = refuse_attributes(__name__)
