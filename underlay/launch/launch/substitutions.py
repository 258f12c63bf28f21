"""Texts that are looked up while a description runs."""

from __future__ import annotations

import importlib
import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._coverage import refuse_attributes
from .some_substitutions_type import SomeSubstitutionsType
from .substitution import Substitution
from .utilities import normalize_to_list_of_substitutions, perform_substitutions

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class SubstitutionFailure(RuntimeError):  # noqa: N818 - the genuine name
    """A substitution has no value."""


def _describe(parts: Iterable[Substitution]) -> str:
    return " + ".join(part.describe() for part in parts)


class TextSubstitution(Substitution):
    """Plain text."""

    def __init__(self, *, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"TextSubstitution expects a str for text, got {text!r}")
        self.text = text

    def perform(self, context: LaunchContext) -> str:  # noqa: ARG002
        """Return the text."""
        return self.text

    def describe(self) -> str:
        """Return the text in quotes."""
        return f"'{self.text}'"


class LaunchConfiguration(Substitution):
    """The value of a launch configuration, hence of a launch argument."""

    def __init__(self, variable_name: SomeSubstitutionsType, *, default: Any = None) -> None:
        self.variable_name = normalize_to_list_of_substitutions(variable_name)
        if default is not None and not isinstance(default, (str, Path, Substitution, list, tuple)):
            default = str(default)
        self._default = None if default is None else normalize_to_list_of_substitutions(default)

    def perform(self, context: LaunchContext) -> str:
        """Return the value, or the default; SubstitutionFailure when there is neither."""
        name = perform_substitutions(context, self.variable_name)
        if name in context.launch_configurations:
            return str(context.launch_configurations[name])
        if self._default is None:
            raise SubstitutionFailure(f"launch configuration '{name}' does not exist")
        return perform_substitutions(context, self._default)

    def describe(self) -> str:
        """Return the name."""
        return f"LaunchConfig({_describe(self.variable_name)})"


class EnvironmentVariable(Substitution):
    """The value of an environment variable of the launched processes."""

    def __init__(self, name: SomeSubstitutionsType, *, default_value: SomeSubstitutionsType | None = None) -> None:
        self._name = normalize_to_list_of_substitutions(name)
        self._default = None if default_value is None else normalize_to_list_of_substitutions(default_value)

    def perform(self, context: LaunchContext) -> str:
        """Return the value, or the default; SubstitutionFailure when there is neither."""
        name = perform_substitutions(context, self._name)
        if name in context.environment:
            return context.environment[name]
        if self._default is None:
            raise SubstitutionFailure(f"environment variable '{name}' does not exist")
        return perform_substitutions(context, self._default)

    def describe(self) -> str:
        """Return the name."""
        return f"EnvVar({_describe(self._name)})"


class PathJoinSubstitution(Substitution):
    """Parts of a path, joined."""

    def __init__(self, substitutions: Iterable[SomeSubstitutionsType]) -> None:
        self._parts = [normalize_to_list_of_substitutions(part) for part in substitutions]

    def perform(self, context: LaunchContext) -> str:
        """Return the joined path."""
        return os.path.join(*(perform_substitutions(context, part) for part in self._parts))  # noqa: PTH118

    def describe(self) -> str:
        """Return the parts."""
        return f"PathJoin({', '.join(_describe(part) for part in self._parts)})"


class PythonExpression(Substitution):
    """The value of a Python expression, as text."""

    def __init__(self, expression: SomeSubstitutionsType, python_modules: Sequence[str] = ("math",)) -> None:
        self._expression = normalize_to_list_of_substitutions(expression)
        self._modules = python_modules

    def perform(self, context: LaunchContext) -> str:
        """Evaluate; the modules are known by name, and math's functions without ``math.`` too."""
        names: dict[str, Any] = {module: importlib.import_module(module) for module in self._modules}
        if "math" in names:
            names.update({name: value for name, value in vars(math).items() if not name.startswith("_")})
        # The launch file is the user's own program already; its expressions need no more distrust.
        return str(eval(perform_substitutions(context, self._expression), names))

    def describe(self) -> str:
        """Return the expression."""
        return f"PythonExpr({_describe(self._expression)})"


class _CurrentFile(Substitution):
    def perform(self, context: LaunchContext) -> str:
        """Return the path; SubstitutionFailure outside a launch file."""
        path = context.get_locals_as_dict().get("current_launch_file_path")
        if path is None:
            raise SubstitutionFailure(f"{type(self).__name__} used outside of a launch file")
        return str(path)


class ThisLaunchFile(_CurrentFile):
    """The path of the launch file that is being visited."""


class ThisLaunchFileDir(_CurrentFile):
    """The folder of the launch file that is being visited."""

    def perform(self, context: LaunchContext) -> str:
        """Return the folder; SubstitutionFailure outside a launch file."""
        return str(Path(super().perform(context)).parent)


__all__ = [
    "EnvironmentVariable",
    "LaunchConfiguration",
    "PathJoinSubstitution",
    "PythonExpression",
    "SubstitutionFailure",
    "TextSubstitution",
    "ThisLaunchFile",
    "ThisLaunchFileDir",
]

__getattr__ = refuse_attributes(__name__)
