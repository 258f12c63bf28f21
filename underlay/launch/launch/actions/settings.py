"""Actions that set launch configurations and environment variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..action import Action
from ..logging import get_logger
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..substitutions import TextSubstitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions, perform_text

if TYPE_CHECKING:
    from ..launch_context import LaunchContext


class SetLaunchConfiguration(Action):
    """Sets a launch configuration."""

    def __init__(self, name: SomeSubstitutionsType, value: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._name = name
        self._value = value

    def execute(self, context: LaunchContext) -> None:
        """Set it in the current scope."""
        context.launch_configurations[perform_text(context, self._name)] = perform_text(context, self._value)


class SetEnvironmentVariable(Action):
    """Sets an environment variable for the processes that start after it."""

    def __init__(self, name: SomeSubstitutionsType, value: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._name = name
        self._value = value

    def execute(self, context: LaunchContext) -> None:
        """Set it in the current scope."""
        context.environment[perform_text(context, self._name)] = perform_text(context, self._value)


class DeclareLaunchArgument(Action):
    """Declares an argument of the launch file, with its default value and the values it may have.

    Raises:
        ValueError: the default value is plain text and not among the choices.
    """

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
        self.conditionally_included = False
        self._default = None if default_value is None else normalize_to_list_of_substitutions(default_value)
        if self._default and all(isinstance(part, TextSubstitution) for part in self._default):
            text = "".join(part.text for part in self._default if isinstance(part, TextSubstitution))
            if self.choices is not None and text not in self.choices:
                raise ValueError(f'Provided default_value "{text}" is not in provided choices "{self.choices}".')

    @property
    def default_value(self) -> list[Substitution] | None:
        """The default value, None for a required argument."""
        return self._default

    def execute(self, context: LaunchContext) -> None:
        """Set the default unless a value was given; RuntimeError for a missing or forbidden value."""
        configurations = context.launch_configurations
        if self.name not in configurations:
            if self._default is None:
                get_logger("launch").error(
                    'Required launch argument "%s" (description: "%s") was not provided', self.name, self.description
                )
                raise RuntimeError(f'Required launch argument "{self.name}" was not provided.')
            configurations[self.name] = perform_substitutions(context, self._default)
        value = configurations[self.name]
        if self.choices is not None and value not in self.choices:
            raise RuntimeError(
                f'Argument "{self.name}" provided value "{value}" is not valid. Valid options are: {self.choices}'
            )
