"""What a logger of metrics has that can show pictures, too."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path

from lightning.pytorch.loggers import Logger


class PictureLog(Logger):
    """A logger of a run's metrics, pictures and films."""

    @abstractmethod
    def log_picture(self, title: str, path: Path, step: int) -> None:
        """Show a PNG file or a film.

        Raises:
            OSError: the file cannot be read.
        """
