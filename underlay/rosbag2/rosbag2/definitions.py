"""The text of message definitions, stored in a bag so that it can be read where the package is not installed."""

from __future__ import annotations

import re
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from ros2cli.errors import CliError

SEPARATOR = "=" * 80
_PRIMITIVE = re.compile(r"(bool|byte|char|float32|float64|u?int(8|16|32|64)|w?string(<=\d+)?)")
_FIELD = re.compile(r"^\s*(?P<type>[\w/]+)(<=\d+)?(\[[^\]]*\])?\s+\w+")


def message_definition(name: str) -> str:
    """Return the definition of ``package/msg/Type`` followed by those of all types that it uses.

    Each further one follows a line of 80 ``=`` and a line ``MSG: package/Type``, as rosbag2 stores them.

    Raises:
        CliError: a type has no installed ``.msg`` file.
    """
    text = _read(name)
    parts, seen, queue = [text], {name}, _used_types(name, text)
    while queue:
        used = queue.pop(0)
        if used in seen:
            continue
        seen.add(used)
        text = _read(used)
        package, _, type_name = used.split("/")
        parts.append(f"{SEPARATOR}\nMSG: {package}/{type_name}\n{text}")
        queue += _used_types(used, text)
    return "\n".join(parts)


def _read(name: str) -> str:
    package, folder, type_name = name.split("/")
    try:
        return (Path(get_package_share_directory(package)) / folder / f"{type_name}.msg").read_text()
    except (PackageNotFoundError, OSError) as error:
        raise CliError(f"no definition of {name} is installed: source the workspace that has {package}") from error


def _used_types(name: str, text: str) -> list[str]:
    """Return the message types of a definition's fields, in full."""
    used = []
    for line in text.splitlines():
        field = _FIELD.match(line.partition("#")[0])
        if field and not _PRIMITIVE.fullmatch(field["type"]):
            package, _, type_name = field["type"].rpartition("/")
            used.append(f"{package.removesuffix('/msg') or name.split('/')[0]}/msg/{type_name}")
    return used
