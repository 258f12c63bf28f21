"""Launch descriptions from files."""

from __future__ import annotations

import importlib.util
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING

from ._coverage import refuse_attributes
from .launch_description import LaunchDescription
from .some_substitutions_type import SomeSubstitutionsType
from .utilities import perform_text

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class InvalidPythonLaunchFileError(Exception):
    """A Python launch file lacks what makes it one."""


def get_launch_description_from_python_launch_file(python_launch_file_path: str) -> LaunchDescription:
    """Run a Python launch file and return its description.

    Raises:
        FileNotFoundError: when there is no such file.
        InvalidPythonLaunchFileError: when it has no generate_launch_description(), or that returns something else.
    """
    path = Path(python_launch_file_path)
    if not path.is_file():
        raise FileNotFoundError(f"launch file '{path}' does not exist")
    loader = SourceFileLoader("python_launch_file", str(path))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    if spec is None:
        raise InvalidPythonLaunchFileError(f"launch file at '{path}' cannot be loaded as Python")
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    generate = getattr(module, "generate_launch_description", None)
    if generate is None:
        raise InvalidPythonLaunchFileError(
            f"launch file at '{path}' does not contain the required function 'generate_launch_description()'"
        )
    description = generate()
    if not isinstance(description, LaunchDescription):
        raise InvalidPythonLaunchFileError(
            f"'generate_launch_description()' of '{path}' returned {description!r} instead of a LaunchDescription"
        )
    return description


class PythonLaunchDescriptionSource:
    """A Python launch file, found and run once, when it is needed."""

    def __init__(self, launch_file_path: SomeSubstitutionsType) -> None:
        self._location = launch_file_path
        self._path: str | None = None
        self._description: LaunchDescription | None = None

    @property
    def location(self) -> str | None:
        """The path of the file, None while it is not known."""
        return self._path

    def get_launch_description(self, context: LaunchContext) -> LaunchDescription:
        """Return the description of the file."""
        if self._description is None:
            self._path = str(Path(perform_text(context, self._location)).absolute())
            self._check(self._path)
            self._description = get_launch_description_from_python_launch_file(self._path)
        return self._description

    def try_get_launch_description_without_context(self) -> LaunchDescription | None:
        """Return the description, or None while its path or content depends on a running launch."""
        from .launch_context import LaunchContext

        try:
            return self.get_launch_description(LaunchContext())
        except Exception:  # whatever the launch file raises: introspection shows what it can
            return None

    def _check(self, path: str) -> None:
        """Refuse a file of the wrong kind."""


class AnyLaunchDescriptionSource(PythonLaunchDescriptionSource):
    """A launch file of any kind; here only Python ones are known."""

    def _check(self, path: str) -> None:
        if Path(path).suffix != ".py":
            raise ValueError(
                f"launch file '{path}' is not a Python one: install the genuine ros-<distro>-launch-xml or -yaml for it"
            )


__getattr__ = refuse_attributes(__name__)
