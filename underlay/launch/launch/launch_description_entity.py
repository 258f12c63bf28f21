"""The base of everything that a launch description may hold."""

from .launch_description import LaunchDescriptionEntity as LaunchDescriptionEntity
