"""Message and service classes by name, and messages from and to YAML."""

from __future__ import annotations

import importlib
import math
import re
from array import array
from collections.abc import Mapping
from typing import Any

import numpy as np
import yaml

from ros2cli.command import CliError

_SEQUENCE = re.compile(r"^sequence<(?P<element>.+?)(?:, \d+)?>$|^(?P<fixed>.+)\[\d+\]$")


def interface_class(name: str, kind: str) -> type[Any]:
    """Import the class of ``package/kind/Type`` or ``package/Type``, where ``kind`` is ``msg`` or ``srv``.

    Raises:
        CliError: the name is malformed, or no such interface is installed.
    """
    package, *middle, type_name = name.split("/")
    if package and type_name and middle in ([], [kind]):
        try:
            found = getattr(importlib.import_module(f"{package}.{kind}"), type_name, None)
        except ModuleNotFoundError:
            found = None
        if isinstance(found, type):
            return found
    what = {"msg": "message", "srv": "service"}[kind]
    raise CliError(f"The passed {what} type is invalid: '{name}' is no installed package/{kind}/Type")


def build(cls: type[Any], values: Mapping[str, Any]) -> Any:
    """Make a message whose fields have these values, and their defaults where none is given.

    Raises:
        CliError: a field does not exist, or its value does not fit.
    """
    message = cls(check_fields=True)  # its setters then refuse a value of a wrong type instead of mangling it
    types = cls.get_fields_and_field_types()
    for key, value in values.items():
        if key not in types:
            raise CliError(f"Failed to populate field: '{cls.__name__}' object has no attribute '{key}'")
        try:
            setattr(message, key, _converted(types[key], getattr(message, key), value))
        except (AssertionError, TypeError, ValueError, OverflowError) as error:
            raise CliError(f"Failed to populate field: '{key}' is {types[key]}, not {value!r}") from error
    return message


def _converted(declared: str, current: Any, value: Any) -> Any:
    """Return a YAML value as the type that a field of this declaration, now ``current``, accepts."""
    sequence = _SEQUENCE.match(declared)
    if sequence:
        if not isinstance(value, list):
            raise TypeError("a list is needed")
        element = sequence["element"] or sequence["fixed"]
        if "/" in element:
            return [_converted(element, interface_class(element, "msg")(), item) for item in value]
        if element == "octet":
            return [bytes([item]) for item in value]
        return [float(item) for item in value] if element in ("float", "double") else value
    if "/" in declared:
        if not isinstance(value, Mapping):
            raise TypeError("a mapping is needed")
        return build(type(current), value)
    if isinstance(current, bytes):
        return bytes([value])
    # YAML reads 1 where a float is meant and 5 where a string is; anything else that differs is a mistake.
    scalar = isinstance(value, int | float | str)
    return type(current)(value) if isinstance(current, float | str) and scalar else value


def to_yaml(message: Any, limit: int | None = 128) -> str:
    """Return a message as YAML; arrays and strings longer than ``limit`` are cut, None cuts nothing."""
    return yaml.dump(_plain(message, limit), sort_keys=False, allow_unicode=True, width=math.inf)


def _plain(value: Any, limit: int | None) -> Any:
    if hasattr(value, "get_fields_and_field_types"):
        return {key: _plain(getattr(value, key), limit) for key in value.get_fields_and_field_types()}
    if isinstance(value, bytes):
        return value[0]
    if isinstance(value, str):
        return value if limit is None or len(value) <= limit else value[:limit] + "..."
    if isinstance(value, list | array | np.ndarray):
        shown = value if limit is None else value[:limit]
        return [_plain(item, limit) for item in shown] + (["..."] if len(shown) < len(value) else [])
    return value.item() if isinstance(value, np.generic) else value
