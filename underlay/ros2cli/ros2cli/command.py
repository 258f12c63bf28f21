"""What a command consists of, and its argument parser."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from ros2cli.errors import genuine_package


@dataclass(frozen=True)
class Verb:
    """One thing to do.

    Attributes:
        summary: a line of help.
        add_arguments: declares the arguments.
        main: does it and returns the exit code.
    """

    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    main: Callable[[argparse.Namespace], int]


@dataclass(frozen=True)
class Command:
    """A word after ``ros2``.

    Attributes:
        package: the genuine package, named when something is not covered.
        summary: a line of help.
        action: the verb itself, or the verbs by name.
    """

    package: str
    summary: str
    action: Verb | Mapping[str, Verb]


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors say where the uncovered rest lives. Exit code 2."""

    def __init__(self, prog: str, verb: Verb, package: str) -> None:
        super().__init__(prog=prog, description=verb.summary)
        self._package = package
        verb.add_arguments(self)

    def error(self, message: str) -> NoReturn:
        """Print usage and the message, and leave with exit code 2."""
        self.print_usage()
        self.exit(
            2,
            f"{self.prog}: error: {message} "
            f"(this stand-in covers the usage above; for more install the genuine {genuine_package(self._package)})\n",
        )
