"""Places of ROS packages and of their executables."""

from __future__ import annotations

import os
from pathlib import Path

from ament_index_python.packages import get_package_prefix, get_package_share_directory
from launch import LaunchContext, SomeSubstitutionsType, Substitution
from launch._coverage import refuse_attributes
from launch.substitutions import SubstitutionFailure
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions


class FindPackagePrefix(Substitution):
    """The prefix that a package is installed in."""

    def __init__(self, package: SomeSubstitutionsType) -> None:
        self._package = normalize_to_list_of_substitutions(package)

    def perform(self, context: LaunchContext) -> str:
        """Return the folder; PackageNotFoundError when the package is not installed."""
        return self.find(perform_substitutions(context, self._package))

    def find(self, package_name: str) -> str:
        """Return the folder of a package."""
        return get_package_prefix(package_name)

    def describe(self) -> str:
        """Return the name of the package."""
        return f"{type(self).__name__}({' + '.join(part.describe() for part in self._package)})"


class FindPackageShare(FindPackagePrefix):
    """The share folder of a package."""

    def find(self, package_name: str) -> str:
        """Return the folder of a package."""
        return get_package_share_directory(package_name)


class ExecutableInPackage(FindPackagePrefix):
    """The path of an executable of a package."""

    def __init__(self, executable: SomeSubstitutionsType, package: SomeSubstitutionsType) -> None:
        super().__init__(package)
        self._executable = normalize_to_list_of_substitutions(executable)

    def perform(self, context: LaunchContext) -> str:
        """Return the path; SubstitutionFailure when the package has no such executable."""
        executable = perform_substitutions(context, self._executable)
        package = perform_substitutions(context, self._package)
        folder = Path(get_package_prefix(package)) / "lib" / package
        path = folder / executable
        if not path.is_file() or not os.access(path, os.X_OK):
            raise SubstitutionFailure(f"executable '{executable}' not found on the libexec directory '{folder}'")
        return str(path)


__all__ = ["ExecutableInPackage", "FindPackagePrefix", "FindPackageShare"]

__getattr__ = refuse_attributes(__name__)
