"""Strict conversion of plain mappings (JSON, YAML) to nested frozen dataclasses."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Mapping
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from vita_dataset.errors import UsageError

T = TypeVar("T")


def from_plain(cls: type[T], data: Mapping[str, Any], where: str) -> T:
    """Build a dataclass of numbers, texts, flags, tuples and dataclasses from plain types.

    Args:
        cls: the dataclass.
        data: its fields; fields with a default may be left out.
        where: what to call the mapping in errors.

    Raises:
        UsageError: lists every unknown, missing or misfit field, with the nearest known name.
    """
    problems: list[str] = []
    fields = _fields(cls, data, where, problems)
    if problems:
        raise UsageError("; ".join(problems))
    return cls(**fields)


def _fields(cls: type[Any], data: Mapping[str, Any], where: str, problems: list[str]) -> dict[str, Any]:
    hints = get_type_hints(cls)
    for name in data:
        if name not in hints:
            near = difflib.get_close_matches(str(name), hints, n=1)
            problems.append(f"'{where}.{name}' is unknown; " + (f"did you mean '{near[0]}'?" if near else "remove it"))
    values: dict[str, Any] = {}
    for spec in dataclasses.fields(cls):
        name = f"{where}.{spec.name}"
        if spec.name in data:
            values[spec.name] = _value(hints[spec.name], data[spec.name], name, problems)
        elif spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING:
            problems.append(f"'{name}' is missing; add it")
    return values


def _value(hint: Any, value: Any, name: str, problems: list[str]) -> Any:
    if dataclasses.is_dataclass(hint):
        if isinstance(value, Mapping):
            before = len(problems)
            fields = _fields(hint, value, name, problems)  # type: ignore[arg-type]
            return hint(**fields) if len(problems) == before else None  # type: ignore[operator]
        problems.append(f"'{name}' must be a group of settings, but is {value!r}")
        return None
    if get_origin(hint) is tuple:
        return _tuple(get_args(hint), value, name, problems)
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    # Python counts True as an integer; a setting does not.
    if hint is not float and isinstance(value, hint) and (hint is bool or not isinstance(value, bool)):
        return value
    problems.append(f"'{name}' must be of type {hint.__name__}, but is {value!r}")
    return None


def _tuple(items: tuple[Any, ...], value: Any, name: str, problems: list[str]) -> tuple[Any, ...]:
    endless = len(items) == 2 and items[1] is Ellipsis
    if not isinstance(value, (list, tuple)) or (not endless and len(value) != len(items)):
        expected = "a list" if endless else f"a list of {len(items)}"
        problems.append(f"'{name}' must be {expected}, but is {value!r}")
        return ()
    hints = items[:1] * len(value) if endless else items
    return tuple(
        _value(hint, item, f"{name}[{i}]", problems) for i, (hint, item) in enumerate(zip(hints, value, strict=True))
    )
