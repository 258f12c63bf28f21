"""Launch descriptions from files."""

from __future__ import annotations

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from ._coverage import Covered
from .launch_context import LaunchContext
from .launch_description import LaunchDescription
from .substitutions import SomeSubstitutionsType, to_text


class InvalidPythonLaunchFileError(Exception):
    """A Python launch file lacks what makes it one."""


class PythonLaunchDescriptionSource(Covered):
    """A Python launch file, found and run once, when it is needed."""

    def __init__(self, launch_file_path: SomeSubstitutionsType) -> None:
        super().__init__()
        self._path = launch_file_path
        self._description: LaunchDescription | None = None
        self.location = ""

    def get_launch_description(self, context: LaunchContext) -> LaunchDescription:
        """Return the description of the file; FileNotFoundError or InvalidPythonLaunchFileError without one."""
        if self._description is None:
            path = Path(to_text(context, self._path)).absolute()
            if not path.is_file():
                raise FileNotFoundError(f"launch file '{path}' does not exist")
            self._description = _run(path)
            self.location = str(path)
        return self._description

    def try_get_launch_description_without_context(self) -> LaunchDescription | None:
        """Return the description, or None while its path or content depends on a running launch."""
        try:
            return self.get_launch_description(LaunchContext())
        except Exception:  # whatever the launch file raises: introspection shows what it can
            return None


def _run(path: Path) -> LaunchDescription:
    loader = SourceFileLoader("python_launch_file", str(path))  # whatever the suffix is
    spec = spec_from_file_location(loader.name, path, loader=loader)
    assert spec is not None  # a loader was given
    module = module_from_spec(spec)
    loader.exec_module(module)
    if not hasattr(module, "generate_launch_description"):
        raise InvalidPythonLaunchFileError(
            f"launch file at '{path}' does not contain the required function 'generate_launch_description()'"
        )
    description = module.generate_launch_description()
    if not isinstance(description, LaunchDescription):
        raise InvalidPythonLaunchFileError(
            f"'generate_launch_description()' of '{path}' returned {description!r} instead of a LaunchDescription"
        )
    return description
