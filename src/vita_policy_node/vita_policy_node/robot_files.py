"""Finds a robot file by path, or by the name it has in vita_bringup."""

from __future__ import annotations

from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory

from vita_dataset.errors import UsageError

BRINGUP = "vita_bringup"


def find_robot_file(name_or_path: str) -> Path:
    """A robot file.

    Args:
        name_or_path: a YAML file, or the name of one in vita_bringup/config without its ending.

    Raises:
        UsageError: neither exists.
    """
    path = Path(name_or_path).expanduser()
    if path.is_file():
        return path
    try:
        folder = Path(get_package_share_directory(BRINGUP)) / "config"
    except (PackageNotFoundError, LookupError):
        folder = Path("config")
    named = folder / f"{name_or_path}.yaml"
    if named.is_file():
        return named
    known = sorted(file.stem for file in folder.glob("*.yaml"))
    raise UsageError(f"robot '{name_or_path}' is neither a file nor one of {known}; give the path of a robot file")
