"""JSON metadata of LeRobot datasets, read with the file's name in every complaint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vita_dataset.errors import DataError


def read_object(path: Path) -> Mapping[str, Any]:
    """The JSON object in a file.

    Raises:
        DataError: the file cannot be read, or holds something else.
    """
    try:
        content = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"'{path}' is not readable JSON ({error}); copy it again or mend it") from error
    if not isinstance(content, Mapping):
        raise DataError(f"'{path}' must hold a JSON object, but holds a {type(content).__name__}; mend it")
    return content


def parse_json(text: str) -> Any:
    """What a text holds as JSON.

    Raises:
        ValueError: it is none, or spells a text that cannot be written anywhere: with half a character in it.
        RecursionError: it has no end to its depth.
    """
    content = json.loads(text)
    json.dumps(content, ensure_ascii=False).encode("utf-8")
    return content


def read_lines(path: Path) -> list[str]:
    """The lines of a file that are not blank. Only a line feed ends one: texts may hold Unicode's other line ends.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        return [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"'{path}' cannot be read ({error}); copy it again") from error


def field(info: Mapping[str, Any], name: str, kind: type | tuple[type, ...], path: Path, default: Any = None) -> Any:
    """One value of an object, of the given kind; null counts as absent.

    Args:
        info: the object.
        name: the value's name.
        kind: the type or types it may have; a boolean is no number.
        path: the file, for the message.
        default: what absence means; None: it must be there.

    Raises:
        DataError: it is missing or of another kind.
    """
    value = info.get(name, default)
    if value is None:
        value = default
    if not isinstance(value, kind) or isinstance(value, bool):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        expected = " or ".join(item.__name__ for item in kinds)
        came = "is missing" if value is None else f"is {str(value)[:60]!r}"
        raise DataError(f"'{name}' in '{path}' must be {expected}, but {came}; correct it")
    return value
