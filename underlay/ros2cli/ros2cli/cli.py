"""The ``ros2`` command: finds the command and verb, and turns errors into exit codes."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence

from ros2cli.command import Command, Parser, Verb
from ros2cli.errors import CliError, not_covered
from ros2cli.output import say, warn

MODULES = {
    "bag": "rosbag2.command",
    "launch": "ros2cli.commands.launch",
    "lifecycle": "ros2cli.commands.lifecycle",
    "param": "ros2cli.commands.param",
    "pkg": "ros2cli.commands.pkg",
    "run": "ros2cli.commands.run",
    "service": "ros2cli.commands.service",
    "topic": "ros2cli.commands.topic",
}
# Commands whose genuine package is not called ros2<command>.
PACKAGES = {"daemon": "ros2cli", "extension_points": "ros2cli", "extensions": "ros2cli", "security": "sros2"}
HELP = ("-h", "--help")


def load(name: str) -> Command:
    """Import a command. Raises CliError when there is none of that name, or its package is not installed."""
    if name not in MODULES:
        raise not_covered(f"'ros2 {name}'", PACKAGES.get(name, f"ros2{name}"))
    package = MODULES[name].partition(".")[0]
    try:
        command = importlib.import_module(MODULES[name]).COMMAND
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise CliError(f"'ros2 {name}' needs the Python package {package}, which is not installed") from error
    assert isinstance(command, Command)
    return command


def run(arguments: Sequence[str]) -> int:
    """Run a command line without its leading ``ros2`` and return the exit code. Raises CliError."""
    if not arguments or arguments[0] in HELP:
        listing("ros2 <command> ...", {name: load(name).summary for name in MODULES})
        return 0
    name, *rest = arguments
    command = load(name)
    action = command.action
    prog = f"ros2 {name}"
    if not isinstance(action, Verb):
        verbs = action
        if not rest or rest[0] in HELP:
            listing(f"{prog} <verb> ...", {verb: verbs[verb].summary for verb in verbs})
            return 0
        prog = f"{prog} {rest[0]}"
        if rest[0] not in verbs:
            raise not_covered(f"'{prog}'", command.package)
        action = verbs[rest[0]]
        rest = rest[1:]
    return action.main(Parser(prog, action, command.package).parse_args(rest))


def listing(usage: str, summaries: Mapping[str, str]) -> None:
    """Print usage and one line per command or verb."""
    say(f"usage: {usage}\n")
    for name, summary in summaries.items():
        say(f"  {name:<12} {summary}")


def main() -> int:
    """Entry point of ``ros2``: 0 done, 1 failed, 2 wrong usage, uncovered or interrupted."""
    try:
        return run(sys.argv[1:])
    except CliError as error:
        warn(error)
        return error.exit_code
    except KeyboardInterrupt:
        return int(signal.SIGINT)
    except BrokenPipeError:
        # The reader left (ros2 topic echo | head): nothing to report, and nothing to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
