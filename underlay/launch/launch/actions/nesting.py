"""Actions made of other entities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ..action import Action
from ..event_handler import SomeEntitiesType, as_entities
from ..launch_description_entity import LaunchDescriptionEntity
from ..launch_description_sources import AnyLaunchDescriptionSource, PythonLaunchDescriptionSource
from ..some_substitutions_type import SomeSubstitutionsType
from ..utilities import perform_text
from .settings import SetLaunchConfiguration

if TYPE_CHECKING:
    from ..launch_context import LaunchContext

_Pair: TypeAlias = tuple[SomeSubstitutionsType, SomeSubstitutionsType]
_Arguments: TypeAlias = Iterable[_Pair] | Mapping[str, SomeSubstitutionsType]


def _pairs(arguments: _Arguments | None) -> list[_Pair]:
    if isinstance(arguments, Mapping):
        return list(arguments.items())
    return list(arguments or [])


class OpaqueFunction(Action):
    """Calls a Python function with the launch context; what it returns is visited next."""

    def __init__(
        self,
        *,
        function: Callable[..., SomeEntitiesType | None],
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **left_over: Any,
    ) -> None:
        super().__init__(**left_over)
        self._function = function
        self._args = list(args or [])
        self._kwargs = dict(kwargs or {})

    def execute(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity]:
        """Call the function."""
        return as_entities(self._function(context, *self._args, **self._kwargs))


class GroupAction(Action):
    """Entities with a scope of their own for launch configurations and environment.

    Args:
        actions: the entities.
        scoped: forget afterwards what they set.
        forwarding: when scoped, begin with the configurations from outside.
        launch_configurations: set before the first entity.
    """

    def __init__(
        self,
        actions: Iterable[LaunchDescriptionEntity],
        *,
        scoped: bool = True,
        forwarding: bool = True,
        launch_configurations: Mapping[str, SomeSubstitutionsType] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._actions = list(actions)
        self._scoped = scoped
        self._forwarding = forwarding
        self._configurations = dict(launch_configurations or {})

    def describe_sub_entities(self) -> Sequence[LaunchDescriptionEntity]:
        """Return the entities, when no condition decides about them."""
        return self._actions if self.condition is None else []

    def describe_conditional_sub_entities(self) -> Sequence[tuple[str, Sequence[LaunchDescriptionEntity]]]:
        """Return the entities, when a condition decides about them."""
        return [] if self.condition is None else [("Conditionally included by GroupAction", self._actions)]

    def execute(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity]:
        """Return the entities, between the beginning and the end of their scope."""
        # Values are looked up outside the new scope, which may not know their names.
        settings: list[LaunchDescriptionEntity] = [
            SetLaunchConfiguration(name, perform_text(context, value)) for name, value in self._configurations.items()
        ]
        if not self._scoped:
            return [*settings, *self._actions]

        def push(inner: LaunchContext) -> None:
            inner._push_scope(forwarding=self._forwarding)

        def pop(inner: LaunchContext) -> None:
            inner._pop_scope()

        return [OpaqueFunction(function=push), *settings, *self._actions, OpaqueFunction(function=pop)]


class IncludeLaunchDescription(Action):
    """Visits a launch file as if its entities stood here; what it sets stays set."""

    def __init__(
        self,
        launch_description_source: PythonLaunchDescriptionSource | SomeSubstitutionsType,
        *,
        launch_arguments: _Arguments | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(launch_description_source, PythonLaunchDescriptionSource):
            launch_description_source = AnyLaunchDescriptionSource(launch_description_source)
        self.launch_description_source = launch_description_source
        self.launch_arguments = _pairs(launch_arguments)

    @property
    def argument_names(self) -> set[str]:
        """The names of the arguments that are passed, as far as they are plain text."""
        return {name for name, _ in self.launch_arguments if isinstance(name, str)}

    def describe_sub_entities(self) -> Sequence[LaunchDescriptionEntity]:
        """Return the included description, when its path is known before the launch."""
        description = self.launch_description_source.try_get_launch_description_without_context()
        return [] if description is None else [description]

    def execute(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity]:
        """Return the settings of the arguments and the description; RuntimeError for a missing argument."""
        description = self.launch_description_source.get_launch_description(context)
        given = [perform_text(context, name) for name, _ in self.launch_arguments]
        for argument in description.get_launch_arguments():
            required = argument.default_value is None and not argument.conditionally_included
            if required and argument.name not in given:
                raise RuntimeError(
                    f"Included launch description missing required argument '{argument.name}' "
                    f"(description: '{argument.description}'), given: [{', '.join(given)}]"
                )
        settings = [SetLaunchConfiguration(name, value) for name, value in self.launch_arguments]
        enter, leave = (_stand_in_file(path) for path in self._paths(context))
        return [*settings, enter, description, leave]

    def _paths(self, context: LaunchContext) -> tuple[str | None, str | None]:
        outer = context.get_locals_as_dict().get("current_launch_file_path")
        return self.launch_description_source.location, outer


def _stand_in_file(path: str | None) -> OpaqueFunction:
    """Return an action after which ThisLaunchFile is ``path``."""

    def set_path(context: LaunchContext) -> None:
        folder = None if path is None else str(Path(path).parent)
        context.extend_locals({"current_launch_file_path": path, "current_launch_file_directory": folder})

    return OpaqueFunction(function=set_path)
