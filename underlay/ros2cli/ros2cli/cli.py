"""The ``ros2`` command: finds the verb, and turns errors into exit codes."""

from __future__ import annotations

import importlib
import os
import signal
import sys

from ros2cli.command import CliError, Commands, Parser, Verb, not_covered, say

MODULES = {
    "bag": "rosbag2.verbs",
    "launch": "ros2cli.launch_file",
    "lifecycle": "ros2cli.nodes",
    "param": "ros2cli.nodes",
    "pkg": "ros2cli.packages",
    "run": "ros2cli.packages",
    "service": "ros2cli.nodes",
    "topic": "ros2cli.topics",
}
# Commands whose genuine package is not called ros2<command>.
PACKAGES = {"daemon": "ros2cli", "extension_points": "ros2cli", "extensions": "ros2cli", "security": "sros2"}


def run(arguments: list[str]) -> int:
    """Run a command line without its leading ``ros2`` and return the exit code. Raises CliError."""
    name, *rest = arguments or ["--help"]
    if name in ("-h", "--help"):
        say(f"usage: ros2 {{{','.join(MODULES)}}} ...")
        return 0
    if name not in MODULES:
        raise not_covered(f"'ros2 {name}'", PACKAGES.get(name, f"ros2{name}"))
    commands: Commands = importlib.import_module(MODULES[name]).COMMANDS
    parser, verbs = Parser(prog=f"ros2 {name}"), commands[name]
    if isinstance(verbs, Verb):
        verbs.add_to(parser)
    else:
        choices = parser.add_subparsers(metavar="verb", required=True)
        for word, verb in verbs.items():
            verb.add_to(choices.add_parser(word, help=verb.main.__doc__))
    args = parser.parse_args(rest)
    return int(args.main(args))


def main() -> int:
    """Entry point of ``ros2``: 0 done, 1 failed, 2 wrong usage, uncovered or interrupted."""
    try:
        return run(sys.argv[1:])
    except CliError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return int(signal.SIGINT)
    except BrokenPipeError:
        # The reader left (ros2 topic echo | head): nothing to report, and nothing to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    finally:
        # A group gets its signal twice. The second may come when all is done, and must not change the exit code.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
