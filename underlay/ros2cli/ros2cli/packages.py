"""Installed packages and what they contain."""

from __future__ import annotations

import os
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_prefix, get_package_share_directory

from ros2cli.errors import CliError


def prefix_of(package: str) -> Path:
    """Return the prefix that a package is installed under. Raises CliError when it is not."""
    try:
        return Path(get_package_prefix(package))
    except (PackageNotFoundError, ValueError) as error:
        raise CliError(f"Package '{package}' not found") from error


def share_of(package: str) -> Path:
    """Return the share folder of a package. Raises CliError when it is not installed."""
    prefix_of(package)
    return Path(get_package_share_directory(package))


def executables_of(package: str) -> list[Path]:
    """Return the executables under ``lib/<package>``, sorted. Raises CliError when it is not installed."""
    found = (prefix_of(package) / "lib" / package).rglob("*")
    return sorted(path for path in found if path.is_file() and os.access(path, os.X_OK))
