"""What a launch description can do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ._coverage import uncovered
from ._process import ExecuteProcess as ExecuteProcess
from .event_handlers import EventHandler, OnShutdown, as_entities
from .events import Event
from .events import IncludeLaunchDescription as IncludeEvent
from .events import Shutdown as ShutdownEvent
from .events.process import ProcessExited
from .launch_description import Action as Action
from .launch_description import LaunchDescription, LaunchDescriptionEntity, SomeEntitiesType
from .launch_description_sources import PythonLaunchDescriptionSource
from .logging import get_logger
from .substitutions import (
    SomeSubstitutionsType,
    Substitution,
    normalize_to_list_of_substitutions,
    perform_substitutions,
    to_text,
)

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class _Call(Action):
    """Calls a function with the launch context; the entities that it returns are visited next."""

    def __init__(self, function: Callable[[LaunchContext], SomeEntitiesType | None], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._function = function

    def execute(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity]:
        return as_entities(self._function(context))


class SetLaunchConfiguration(_Call):
    """Sets a launch configuration in the current scope."""

    def __init__(self, name: SomeSubstitutionsType, value: SomeSubstitutionsType, **kwargs: Any) -> None:
        def set_it(context: LaunchContext) -> None:
            context.launch_configurations[to_text(context, name)] = to_text(context, value)

        super().__init__(set_it, **kwargs)


class SetEnvironmentVariable(_Call):
    """Sets an environment variable, in the current scope, for the processes that start after it."""

    def __init__(self, name: SomeSubstitutionsType, value: SomeSubstitutionsType, **kwargs: Any) -> None:
        def set_it(context: LaunchContext) -> None:
            context.environment[to_text(context, name)] = to_text(context, value)

        super().__init__(set_it, **kwargs)


class DeclareLaunchArgument(Action):
    """Declares an argument of the launch file, with its default value and the values it may have."""

    def __init__(
        self,
        name: str,
        *,
        default_value: SomeSubstitutionsType | None = None,
        description: str | None = None,
        choices: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.description = "no description given" if description is None else description
        self.choices = None if choices is None else list(choices)
        self.default_value: list[Substitution] | None = None
        if default_value is not None:
            self.default_value = normalize_to_list_of_substitutions(default_value)
        if self.choices is not None and isinstance(default_value, str) and default_value not in self.choices:
            raise ValueError(f'Provided default_value "{default_value}" is not in provided choices "{self.choices}".')

    def execute(self, context: LaunchContext) -> None:
        """Set the default unless a value was given; RuntimeError for a missing or forbidden value."""
        configurations = context.launch_configurations
        if self.name not in configurations:
            if self.default_value is None:
                raise RuntimeError(
                    f"Required launch argument '{self.name}' (description: '{self.description}') was not provided"
                )
            configurations[self.name] = perform_substitutions(context, self.default_value)
        value = configurations[self.name]
        if self.choices is not None and value not in self.choices:
            raise RuntimeError(
                f'Argument "{self.name}" provided value "{value}" is not valid. Valid options are: {self.choices}'
            )

    def _declared(self, conditional: bool) -> Iterator[tuple[DeclareLaunchArgument, bool]]:
        yield self, self.default_value is None and self.condition is None and not conditional


class RegisterEventHandler(_Call):
    """Registers an event handler."""

    def __init__(self, event_handler: EventHandler, **kwargs: Any) -> None:
        super().__init__(lambda context: context.register_event_handler(event_handler), **kwargs)


class EmitEvent(_Call):
    """Emits an event."""

    def __init__(self, *, event: Event, **kwargs: Any) -> None:
        super().__init__(lambda context: context.emit_event_sync(event), **kwargs)


class LogInfo(_Call):
    """Writes a line to the log and to the screen."""

    def __init__(self, *, msg: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(lambda context: get_logger("launch.user").info("%s", to_text(context, msg)), **kwargs)


class Shutdown(_Call):
    """Ends the launch, unless it is ending already."""

    def __init__(self, *, reason: SomeSubstitutionsType = "reason not given", **kwargs: Any) -> None:
        def emit(context: LaunchContext) -> None:
            if context.is_shutdown:
                return
            event = context.get_locals_as_dict().get("event")
            if isinstance(event, ProcessExited):
                text = "process[%s] was required: shutting down launched system"
                get_logger("launch").info(text, event.process_name)
            context.emit_event_sync(ShutdownEvent(reason=to_text(context, reason)))

        super().__init__(emit, **kwargs)


class TimerAction(Action):
    """Visits entities when a time, in seconds, has passed, unless the launch ends before."""

    def __init__(
        self, *, period: float | SomeSubstitutionsType, actions: Iterable[LaunchDescriptionEntity], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._period = period
        self._actions = LaunchDescription(actions)

    def execute(self, context: LaunchContext) -> None:
        """Start the clock."""
        if context.is_shutdown:
            return
        period = self._period if isinstance(self._period, (int, float)) else float(to_text(context, self._period))

        async def wait() -> None:
            await asyncio.sleep(period)
            context.emit_event_sync(IncludeEvent(self._actions))

        task = asyncio.ensure_future(wait())
        context.add_completion_future(task)

        def cancel(*_: object) -> None:
            task.cancel()

        context.register_event_handler(OnShutdown(on_shutdown=cancel))


class OpaqueFunction(_Call):
    """Calls a Python function with the launch context; what it returns is visited next."""

    def __init__(
        self,
        *,
        function: Callable[..., SomeEntitiesType | None],
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **left_over: Any,
    ) -> None:
        positional, named = tuple(args or ()), dict(kwargs or {})
        super().__init__(lambda context: function(context, *positional, **named), **left_over)


class GroupAction(Action):
    """Entities with a scope of their own, unless ``scoped`` is False, for launch configurations and environment."""

    def __init__(self, actions: Iterable[LaunchDescriptionEntity], *, scoped: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._actions = list(actions)
        self._scoped = scoped

    def describe_sub_entities(self) -> Sequence[LaunchDescriptionEntity]:
        """Return the entities."""
        return self._actions

    def execute(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity]:  # noqa: ARG002
        """Return the entities, between the beginning and the end of their scope."""
        if not self._scoped:
            return self._actions
        push, pop = _Call(lambda context: context._push_scope()), _Call(lambda context: context._pop_scope())
        return [push, *self._actions, pop]


class IncludeLaunchDescription(Action):
    """Visits a Python launch file as if its entities stood here; what it sets stays set."""

    def __init__(
        self,
        launch_description_source: PythonLaunchDescriptionSource,
        *,
        launch_arguments: Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(launch_description_source, PythonLaunchDescriptionSource):
            raise TypeError(uncovered("IncludeLaunchDescription of any but a PythonLaunchDescriptionSource", __name__))
        self._source = launch_description_source
        self.launch_arguments = list(launch_arguments or [])

    def describe_sub_entities(self) -> Sequence[LaunchDescriptionEntity]:
        """Return the included description, when its path is known before the launch."""
        description = self._source.try_get_launch_description_without_context()
        return [] if description is None else [description]

    def _declared(self, conditional: bool) -> Iterator[tuple[DeclareLaunchArgument, bool]]:
        given = {name for name, _ in self.launch_arguments if isinstance(name, str)}
        for argument, required in super()._declared(conditional):
            yield argument, required and argument.name not in given

    def execute(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity]:
        """Return the settings of the arguments and the description; RuntimeError for a missing argument."""
        description = self._source.get_launch_description(context)
        given = [to_text(context, name) for name, _ in self.launch_arguments]
        for argument, required in description._declared(False):
            if required and argument.name not in given:
                raise RuntimeError(
                    f"Included launch description missing required argument '{argument.name}' "
                    f"(description: '{argument.description}'), given: [{', '.join(given)}]"
                )
        settings = [SetLaunchConfiguration(name, value) for name, value in self.launch_arguments]
        outer = context.get_locals_as_dict().get("current_launch_file_path")
        enter, leave = (_set_current_file(path) for path in (self._source.location, outer))
        return [*settings, enter, description, leave]


def _set_current_file(path: str | None) -> _Call:
    """Return an action after which ThisLaunchFileDir is the folder of ``path``."""
    return _Call(lambda context: context.extend_locals({"current_launch_file_path": path}))
