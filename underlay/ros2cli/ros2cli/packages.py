"""``ros2 run`` and ``ros2 pkg``: installed packages and what they contain."""

from __future__ import annotations

import argparse
import os
import sys
from argparse import Namespace
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_prefix, get_packages_with_prefixes

from ros2cli.command import CliError, Commands, Verb, argument, say


def prefix_of(package: str) -> Path:
    """Return the prefix that a package is installed under. Raises CliError when it is not."""
    try:
        return Path(get_package_prefix(package))
    except (PackageNotFoundError, ValueError) as error:
        raise CliError(f"Package '{package}' not found") from error


def executables_of(package: str) -> list[Path]:
    """Return the executables under ``lib/<package>``, sorted. Raises CliError when it is not installed."""
    found = (prefix_of(package) / "lib" / package).rglob("*")
    return sorted(path for path in found if path.is_file() and os.access(path, os.X_OK))


def _run(args: Namespace) -> int:
    """Run an executable of a package."""
    matches = [path for path in executables_of(args.package_name) if path.name == args.executable_name]
    if not matches:
        raise CliError("No executable found")
    if len(matches) > 1:
        raise CliError("Multiple executables found:" + "".join(f"\n- {path}" for path in matches))
    sys.stdout.flush()
    # No process stays in between: every signal, also SIGKILL, reaches the node itself, and its exit code is ours.
    try:
        os.execv(matches[0], [str(matches[0]), *args.argv])
    except OSError as error:
        raise CliError(f"{matches[0]} cannot be started: {error.strerror}") from error


def _list(_: Namespace) -> int:
    """Show the names of all packages."""
    say("\n".join(sorted(get_packages_with_prefixes())))
    return 0


def _prefix(args: Namespace) -> int:
    """Show where a package is installed."""
    prefix = prefix_of(args.package_name)
    say(prefix / "share" / args.package_name if args.share else prefix)
    return 0


def _executables(args: Namespace) -> int:
    """Show the executables of one package or of all."""
    for name in [args.package_name] if args.package_name else sorted(get_packages_with_prefixes()):
        for path in executables_of(name):
            say(f"{name} {path.name}")
    return 0


COMMANDS: Commands = {
    "run": Verb(
        _run,
        argument("package_name"),
        argument("executable_name"),
        argument("argv", nargs=argparse.REMAINDER, help="arguments of the executable"),
    ),
    "pkg": {
        "list": Verb(_list),
        "prefix": Verb(
            _prefix,
            argument("package_name"),
            argument("--share", action="store_true", help="show the share folder of the package"),
        ),
        "executables": Verb(_executables, argument("package_name", nargs="?", help="all packages unless given")),
    },
}
