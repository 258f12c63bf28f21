"""Output that arrives at once, also through a pipe."""

from __future__ import annotations

import sys


def say(text: object = "", end: str = "\n") -> None:
    """Write to stdout and flush, so that ``ros2 topic echo | grep`` sees each message when it comes."""
    sys.stdout.write(f"{text}{end}")
    sys.stdout.flush()


def warn(text: object) -> None:
    """Write a line to stderr."""
    sys.stderr.write(f"{text}\n")
