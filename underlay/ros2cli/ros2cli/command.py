"""What a command consists of: verbs with arguments, output that arrives at once, errors with exit codes."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

Argument = tuple[tuple[str, ...], dict[str, Any]]


class CliError(Exception):
    """A message for stderr and an exit code: 1 for something that failed, 2 for wrong usage."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def not_covered(thing: str, package: str) -> CliError:
    """Build the error for what the genuine package does and this stand-in does not."""
    genuine = f"ros-{os.environ.get('ROS_DISTRO', 'kilted')}-{package.replace('_', '-')}"
    return CliError(f"{thing} is not covered by this stand-in; install the genuine {genuine}", 2)


def say(text: object = "") -> None:
    """Write a line to stdout and flush, so that ``ros2 topic echo | grep`` sees each message when it comes."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def argument(*names: str, **options: Any) -> Argument:
    """Describe an argument as ``ArgumentParser.add_argument`` takes it."""
    return names, options


class Verb:
    """One thing to do: ``main`` returns the exit code, and its docstring is the help."""

    def __init__(self, main: Callable[[Namespace], int], *arguments: Argument) -> None:
        self.main = main
        self._arguments = arguments

    def add_to(self, parser: ArgumentParser) -> None:
        """Declare the arguments, and ``main`` as what to do with them."""
        parser.description = self.main.__doc__
        parser.set_defaults(main=self.main)
        for names, options in self._arguments:
            parser.add_argument(*names, **options)


Commands = Mapping[str, Verb | Mapping[str, Verb]]
"""The verbs of a module by command and verb; ``run`` and ``launch`` have no verbs below them."""


class Parser(ArgumentParser):
    """Refuses what it does not know, which the genuine command may, by naming its package."""

    def error(self, message: str) -> NoReturn:
        """Raise CliError."""
        thing = f"{self.format_usage()}{self.prog}: error: {message}; what --help does not show"
        raise not_covered(thing, f"ros2{self.prog.split()[1]}")
