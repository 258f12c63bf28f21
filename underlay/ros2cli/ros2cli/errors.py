"""How a command ends that cannot do what it was asked."""

from __future__ import annotations

import os


class CliError(Exception):
    """A message for stderr and an exit code: 1 for something that failed, 2 for wrong usage."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def genuine_package(name: str) -> str:
    """Return the system package that carries the genuine tool, for example ros-kilted-ros2topic."""
    return f"ros-{os.environ.get('ROS_DISTRO', 'kilted')}-{name.replace('_', '-')}"


def not_covered(thing: str, package: str) -> CliError:
    """Build the error for what the genuine package does and this stand-in does not. Exit code 2."""
    return CliError(f"{thing} is not covered by this stand-in; install the genuine {genuine_package(package)}", 2)
