"""Texts that are looked up while a description runs."""

from __future__ import annotations

import importlib
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ._coverage import Covered

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class SubstitutionFailure(RuntimeError):  # noqa: N818 - the genuine name
    """A substitution has no value."""


class Substitution(Covered):
    """A value that is looked up when it is needed; ``parts`` are those that it is made of."""

    _parts: Sequence[Sequence[Substitution]] = ()

    def __init__(self, *parts: SomeSubstitutionsType) -> None:
        super().__init__()
        self._parts = [normalize_to_list_of_substitutions(part) for part in parts]

    def perform(self, context: LaunchContext) -> str:
        """Return the text that this stands for in ``context``."""
        raise NotImplementedError(f"{type(self).__name__}.perform")

    def describe(self) -> str:
        """Return a text for people, without evaluating anything."""
        parts = (" + ".join(sub.describe() for sub in part) for part in self._parts)
        return f"{type(self).__name__}({', '.join(parts)})"

    def _texts(self, context: LaunchContext) -> list[str]:
        return [perform_substitutions(context, part) for part in self._parts]


SomeSubstitutionsType: TypeAlias = str | Path | Substitution | Iterable[str | Path | Substitution]


def normalize_to_list_of_substitutions(subs: SomeSubstitutionsType) -> list[Substitution]:
    """Return texts, paths and substitutions as a list of substitutions; TypeError for anything else."""
    if isinstance(subs, Substitution):
        return [subs]
    if isinstance(subs, (str, Path)):
        return [TextSubstitution(text=str(subs))]
    if isinstance(subs, Iterable):
        return [part for item in subs for part in normalize_to_list_of_substitutions(item)]
    raise TypeError(f"expected text, a path, a substitution or a list of these, got {subs!r}")


def perform_substitutions(context: LaunchContext, subs: Iterable[Substitution]) -> str:
    """Return the texts of all substitutions, joined."""
    return "".join(sub.perform(context) for sub in subs)


def to_text(context: LaunchContext, subs: SomeSubstitutionsType) -> str:
    """Return the text that anything text-like stands for."""
    return perform_substitutions(context, normalize_to_list_of_substitutions(subs))


class TextSubstitution(Substitution):
    """Plain text."""

    def __init__(self, *, text: str) -> None:
        super().__init__()
        if not isinstance(text, str):
            raise TypeError(f"TextSubstitution expects a str for text, got {text!r}")
        self.text = text

    def perform(self, context: LaunchContext) -> str:  # noqa: ARG002
        """Return the text."""
        return self.text

    def describe(self) -> str:
        """Return the text in quotes."""
        return f"'{self.text}'"


class _Lookup(Substitution):
    def __init__(self, kind: str, name: SomeSubstitutionsType, default: Any) -> None:
        super().__init__(name)
        self._kind = kind
        text_like = default is None or isinstance(default, (str, Path, Substitution, list, tuple))
        self._default = default if text_like else str(default)

    def perform(self, context: LaunchContext) -> str:
        (name,) = self._texts(context)
        environment = self._kind == "environment variable"
        table: Mapping[str, Any] = context.environment if environment else context.launch_configurations
        if name not in table and self._default is None:
            raise SubstitutionFailure(f"{self._kind} '{name}' does not exist")
        return str(table[name]) if name in table else to_text(context, self._default)


class LaunchConfiguration(_Lookup):
    """The value of a launch configuration, hence of a launch argument, or the default."""

    def __init__(self, variable_name: SomeSubstitutionsType, *, default: Any = None) -> None:
        super().__init__("launch configuration", variable_name, default)


class EnvironmentVariable(_Lookup):
    """The value of an environment variable of the launched processes, or the default."""

    def __init__(self, name: SomeSubstitutionsType, *, default_value: SomeSubstitutionsType | None = None) -> None:
        super().__init__("environment variable", name, default_value)


class PathJoinSubstitution(Substitution):
    """Parts of a path, joined."""

    def __init__(self, substitutions: Iterable[SomeSubstitutionsType]) -> None:
        super().__init__(*substitutions)

    def perform(self, context: LaunchContext) -> str:
        """Return the joined path."""
        return os.path.join(*self._texts(context))  # noqa: PTH118


class PythonExpression(Substitution):
    """The value of a Python expression, as text."""

    def __init__(self, expression: SomeSubstitutionsType, python_modules: Sequence[str] = ("math",)) -> None:
        super().__init__(expression)
        self._modules = python_modules

    def perform(self, context: LaunchContext) -> str:
        """Evaluate; the modules are known by name, and math's functions without ``math.`` too."""
        names: dict[str, Any] = {module: importlib.import_module(module) for module in self._modules}
        if "math" in names:
            names.update({name: value for name, value in vars(math).items() if not name.startswith("_")})
        # The launch file is the user's own program already; its expressions need no more distrust.
        return str(eval(self._texts(context)[0], names))


class ThisLaunchFileDir(Substitution):
    """The folder of the launch file that is being visited."""

    def perform(self, context: LaunchContext) -> str:
        """Return the folder; SubstitutionFailure outside a launch file."""
        path = context.get_locals_as_dict().get("current_launch_file_path")
        if path is None:
            raise SubstitutionFailure("ThisLaunchFileDir used outside of a launch file")
        return str(Path(path).parent)
