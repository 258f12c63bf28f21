"""Message and service classes by name, and messages from and to YAML."""

from __future__ import annotations

import importlib
import math
import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml

from ros2cli.errors import CliError

_SEQUENCE = re.compile(r"^sequence<(?P<element>.+?)(?:, \d+)?>$|^(?P<fixed>.+)\[\d+\]$")


def interface_class(name: str, kind: str) -> type[Any]:
    """Import a message or service class.

    Args:
        name: ``package/msg/Type``, or ``package/Type``.
        kind: ``msg`` or ``srv``.

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


@dataclass(frozen=True)
class YamlStyle:
    """How a message is printed.

    Attributes:
        limit: longest array or string before it is cut short; None for no limit.
        no_arrays: print type and length instead of arrays.
        no_strings: print lengths instead of strings.
        flow: one line per message.
    """

    limit: int | None = 128
    no_arrays: bool = False
    no_strings: bool = False
    flow: bool = False


def to_yaml(message: Any, style: YamlStyle) -> str:
    """Return a message as YAML, with its line break."""
    return yaml.dump(
        _plain(message, "", style), sort_keys=False, allow_unicode=True, width=math.inf, default_flow_style=style.flow
    )


def _plain(value: Any, declared: str, style: YamlStyle) -> Any:
    if hasattr(value, "get_fields_and_field_types"):
        types = value.get_fields_and_field_types()
        return {key: _plain(getattr(value, key), types[key], style) for key in types}
    if isinstance(value, bytes):
        return value[0] if len(value) == 1 else list(value)
    if isinstance(value, str):
        if style.no_strings:
            return f"<string length: <{len(value)}>>"
        return value if style.limit is None or len(value) <= style.limit else value[: style.limit] + "..."
    if isinstance(value, list | tuple | array | np.ndarray):
        return _plain_array(value, declared, style)
    return value.item() if isinstance(value, np.generic) else value


def _plain_array(value: Any, declared: str, style: YamlStyle) -> Any:
    sequence = _SEQUENCE.match(declared)
    element = (sequence["element"] or sequence["fixed"]) if sequence else declared
    if style.no_arrays:
        if sequence and sequence["fixed"]:
            return f"<array type: {declared}>"
        return f"<sequence type: {element}, length: {len(value)}>"
    shown = value if style.limit is None else value[: style.limit]
    cut = ["..."] if len(shown) < len(value) else []
    return [_plain(item, element, style) for item in shown] + cut
