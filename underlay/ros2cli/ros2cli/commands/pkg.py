"""``ros2 pkg list``, ``prefix`` and ``executables``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from ament_index_python.packages import get_packages_with_prefixes

from ros2cli.command import Command, Verb
from ros2cli.errors import CliError
from ros2cli.output import say
from ros2cli.packages import executables_of, prefix_of, share_of


def _list(_: Namespace) -> int:
    for name in sorted(get_packages_with_prefixes()):
        say(name)
    return 0


def _prefix_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("package_name")
    parser.add_argument("--share", action="store_true", help="show the share folder of the package")


def _prefix(args: Namespace) -> int:
    try:
        say(share_of(args.package_name) if args.share else prefix_of(args.package_name))
    except CliError as error:
        raise CliError("Package not found") from error
    return 0


def _executables_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("package_name", nargs="?", help="all packages unless given")
    parser.add_argument("--full-path", action="store_true", help="show the path of each executable")


def _executables(args: Namespace) -> int:
    names = [args.package_name] if args.package_name else sorted(get_packages_with_prefixes())
    for name in names:
        for path in executables_of(name):
            say(path if args.full_path else f"{name} {path.name}")
    return 0


COMMAND = Command(
    "ros2pkg",
    "Show installed packages",
    {
        "list": Verb("Show the names of all packages", lambda _: None, _list),
        "prefix": Verb("Show where a package is installed", _prefix_arguments, _prefix),
        "executables": Verb("Show the executables of packages", _executables_arguments, _executables),
    },
)
