"""Places of ROS packages."""

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, SomeSubstitutionsType, Substitution


class FindPackageShare(Substitution):
    """The share folder of a package."""

    def __init__(self, package: SomeSubstitutionsType) -> None:
        super().__init__(package)

    def perform(self, context: LaunchContext) -> str:
        """Return the folder; PackageNotFoundError when the package is not installed."""
        return str(get_package_share_directory(self._texts(context)[0]))
