"""Parameters whose value is not simply what the launch file says."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from launch import LaunchContext, SomeSubstitutionsType, Substitution
from launch._coverage import refuse_attributes, refuse_keywords
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions


class ParameterFile:
    """A file of parameters; the substitutions of ``allow_substs`` are not covered here."""

    def __init__(self, param_file: SomeSubstitutionsType, *, allow_substs: bool = False) -> None:
        if allow_substs is not False:
            refuse_keywords(self, {"allow_substs": allow_substs})
        self._param_file = normalize_to_list_of_substitutions(param_file)

    def evaluate(self, context: LaunchContext) -> Path:
        """Return the path of the file."""
        return Path(perform_substitutions(context, self._param_file))


class ParameterValue:
    """A value with a type of its own: bool, int, float, str or a list of one of these.

    Args:
        value: the value, or text-like of which it is read by the rules of YAML (type str: as it stands).
        value_type: the type; None for the type that the value has.
    """

    def __init__(self, value: Any, *, value_type: Any = None, description: Any = None) -> None:
        if description is not None:
            refuse_keywords(self, {"description": description})
        self._value = value
        self._type = value_type

    def evaluate(self, context: LaunchContext) -> Any:
        """Return the value; TypeError when it has another type."""
        if self._type is None:
            return evaluate_value(context, self._value)
        value = self._value
        if _is_text(value):
            text = perform_substitutions(context, normalize_to_list_of_substitutions(value))
            value = text if self._type is str else yaml.safe_load(text)
        if get_origin(self._type) is list and isinstance(value, (list, tuple)):
            return [_cast(item, get_args(self._type)[0]) for item in value]
        return _cast(value, self._type)


def _is_text(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(isinstance(item, Substitution) for item in value) and all(
            isinstance(item, (str, Substitution)) for item in value
        )
    return isinstance(value, (str, Substitution))


def _cast(value: Any, kind: Any) -> Any:
    if kind is str:
        return str(value)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise TypeError(f"a parameter value expected type {kind}, got {value!r} of type {type(value).__name__}")
    return value


def evaluate_value(context: LaunchContext, value: Any) -> Any:
    """Return the value of a parameter as a node is to get it.

    Plain Python values keep their type, text included. What substitutions yield is read by the rules of YAML.
    A list with substitutions among texts is one text, in parts; a list of lists is an array of such texts.

    Raises:
        TypeError: the value is none that a parameter can have.
    """
    if isinstance(value, ParameterValue):
        return value.evaluate(context)
    if isinstance(value, (bool, int, float, str)):
        return value
    if _is_text(value):
        return _allowed(yaml.safe_load(perform_substitutions(context, normalize_to_list_of_substitutions(value))))
    if isinstance(value, (list, tuple)):
        return _allowed([evaluate_value(context, item) for item in value])
    raise TypeError(f"Allowed value types are bool, int, float, str and lists of these, got {value!r}")


def _allowed(value: Any) -> Any:
    if isinstance(value, (bool, int, float, str)):
        return value
    if not isinstance(value, list):
        raise TypeError(f"Allowed value types are bool, int, float, str and lists of these, got {value!r}")
    kinds = {type(item) for item in value}
    if kinds == {int, float}:
        return [float(item) for item in value]
    if len(kinds) != 1 or not kinds <= {bool, int, float, str}:
        raise TypeError(f"Expected a non-empty sequence of one type (bool, int, float or str), got {value!r}")
    return value


__all__ = ["ParameterFile", "ParameterValue"]

__getattr__ = refuse_attributes(__name__)
