"""The launch's own log: lines on the screen, and launch.log in a folder of its own for each run."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Set
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from ._coverage import Covered

SCREEN = "screen"
LOG = "log"


class LaunchConfig(Covered):
    """Where this run keeps its logs."""

    @cached_property
    def log_dir(self) -> str:
        """The folder of this run, made when it is first asked for."""
        home = os.environ.get("ROS_HOME") or "~/.ros"
        root = Path(os.environ.get("ROS_LOG_DIR") or f"{home}/log").expanduser()
        stamp = time.time()
        name = time.strftime("%Y-%m-%d-%H-%M-%S", time.localtime(stamp)) + f"-{int(stamp % 1 * 1e6):06d}"
        folder = root / f"{name}-{socket.gethostname()}-{os.getpid()}"
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)


launch_config = LaunchConfig()


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        targets = {SCREEN, LOG} if record.levelno > logging.DEBUG else {LOG}
        write_line(f"[{record.levelname}] [{record.name}]: {record.getMessage()}", targets)


_handler = _Handler()
_lock = threading.Lock()


def write_line(line: str, targets: Set[str]) -> None:
    """Write a line to the screen and to launch.log, as asked. May be called from any thread."""
    with _lock, suppress(OSError, ValueError):  # a closed terminal or a full disk does not end the launch
        if LOG in targets:
            with Path(launch_config.log_dir, "launch.log").open("a", encoding="utf-8") as file:
                file.write(f"{time.time():.7f} {line}\n")
        if SCREEN in targets:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


def get_logger(name: str | None = None) -> logging.Logger:
    """Return a logger that writes to the screen (from INFO on) and to launch.log."""
    logger = logging.getLogger(name or "launch.user")
    if _handler not in logger.handlers:
        logger.addHandler(_handler)
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
    return logger
