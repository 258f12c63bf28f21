"""Parameters whose value is not simply what the launch file says."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from launch import LaunchContext, SomeSubstitutionsType, Substitution
from launch._coverage import Covered, uncovered
from launch.substitutions import to_text


class ParameterFile(Covered):
    """A file of parameters; the substitutions of ``allow_substs`` are not covered here."""

    def __init__(self, param_file: SomeSubstitutionsType, *, allow_substs: bool = False) -> None:
        super().__init__()
        if allow_substs is not False:
            raise TypeError(uncovered("allow_substs= of ParameterFile", __name__))
        self._param_file = param_file

    def evaluate(self, context: LaunchContext) -> Path:
        """Return the path of the file."""
        return Path(to_text(context, self._param_file))


class ParameterValue(Covered):
    """A value of a given type: bool, int, float, str, a list of one of these, or None for the type that it has.

    A text is read by the rules of YAML; for the type str it stays as it stands.
    """

    def __init__(self, value: Any, *, value_type: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._value = value
        self._type = value_type

    def evaluate(self, context: LaunchContext) -> Any:
        """Return the value; TypeError when it has another type."""
        if self._type is None:
            return evaluate_value(context, self._value)
        value = self._value
        if _is_text(value):
            text = to_text(context, value)
            value = text if self._type is str else yaml.safe_load(text)
        if get_origin(self._type) is list and isinstance(value, (list, tuple)):
            return [_cast(item, get_args(self._type)[0]) for item in value]
        return _cast(value, self._type)


def _is_text(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        parts = all(isinstance(item, (str, Substitution)) for item in value)
        return parts and any(isinstance(item, Substitution) for item in value)
    return isinstance(value, (str, Substitution))


def _cast(value: Any, kind: Any) -> Any:
    if kind is str or (kind is float and type(value) is int):
        return kind(value)
    if type(value) is not kind:
        raise TypeError(f"a parameter value expected type {kind}, got {value!r} of type {type(value).__name__}")
    return value


def evaluate_value(context: LaunchContext, value: Any) -> Any:
    """Return the value of a parameter as a node is to get it; TypeError when no parameter can have it.

    Plain Python values keep their type, text included. What substitutions yield is read by the rules of YAML.
    A list with substitutions among texts is one text, in parts; a list of lists is an array of such texts.
    """
    if isinstance(value, ParameterValue):
        return value.evaluate(context)
    if not isinstance(value, str) and _is_text(value):
        value = yaml.safe_load(to_text(context, value))
    elif isinstance(value, (list, tuple)):
        value = [evaluate_value(context, item) for item in value]
    if isinstance(value, list):
        kinds = {type(item) for item in value}
        if kinds == {int, float}:
            return [float(item) for item in value]
        if len(kinds) == 1 and kinds <= {bool, int, float, str}:
            return value
    elif isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"a parameter expected a bool, int, float, str or a list of one of these, got {value!r}")
