"""What the tests of launch_ros share."""

from collections.abc import Callable

from launch import LaunchDescription, LaunchDescriptionEntity, LaunchService

InstallNode = Callable[[str], None]


def launch(*entities: LaunchDescriptionEntity) -> int:
    """Run entities in this process and return the exit code."""
    service = LaunchService()
    service.include_launch_description(LaunchDescription(list(entities)))
    return service.run()
