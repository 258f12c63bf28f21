"""``ros2 run``: replace this process by a package's executable."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from ros2cli.command import Command, Verb
from ros2cli.errors import CliError
from ros2cli.packages import executables_of


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--prefix", help="command to put in front of the executable, for example 'gdb -ex run --args'")
    parser.add_argument("package_name")
    parser.add_argument("executable_name")
    parser.add_argument("argv", nargs=argparse.REMAINDER, help="arguments of the executable")


def find_executable(package: str, name: str) -> Path:
    """Return the path of a package's executable. Raises CliError when there is none, or several."""
    matches = [path for path in executables_of(package) if path.name == name]
    if not matches:
        raise CliError("No executable found")
    if len(matches) > 1:
        raise CliError("Multiple executables found:" + "".join(f"\n- {path}" for path in matches))
    return matches[0]


def _main(args: Namespace) -> int:
    command = [str(find_executable(args.package_name, args.executable_name)), *args.argv]
    if args.prefix:
        command = [*shlex.split(args.prefix), *command]
    sys.stdout.flush()
    # No process stays in between: every signal, also SIGKILL, reaches the node itself, and its exit code is ours.
    try:
        os.execvp(command[0], command)
    except OSError as error:
        raise CliError(f"{command[0]} cannot be started: {error.strerror}") from error


COMMAND = Command(
    "ros2run", "Run an executable of a package", Verb("Run an executable of a package", _arguments, _main)
)
