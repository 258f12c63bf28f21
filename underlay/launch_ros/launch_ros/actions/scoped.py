"""Actions on all nodes that follow in the same scope."""

from __future__ import annotations

from typing import Any

from launch import Action, LaunchContext, SomeSubstitutionsType
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from ..parameter_descriptions import evaluate_value

# The keys of launch configurations that hold them: GroupAction thereby scopes them with the others.
NAMESPACE = "ros_namespace"
PARAMETERS = "global_params"
REMAPS = "ros_remaps"


def join_namespace(outer: str, inner: str) -> str:
    """Return ``inner`` below ``outer``, or alone when it is absolute; always absolute, '/' when both are empty."""
    path = inner if inner.startswith("/") else f"{outer}/{inner}"
    return "/" + path.strip("/")


class PushRosNamespace(Action):
    """Puts the nodes that follow below a namespace."""

    def __init__(self, namespace: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._namespace = normalize_to_list_of_substitutions(namespace)

    def execute(self, context: LaunchContext) -> None:
        """Extend the namespace of the scope."""
        settings = context.launch_configurations
        settings[NAMESPACE] = join_namespace(
            settings.get(NAMESPACE, ""), perform_substitutions(context, self._namespace)
        )


class SetParameter(Action):
    """Sets a parameter of the nodes that follow; a node's own value wins."""

    def __init__(self, name: SomeSubstitutionsType, value: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._name = normalize_to_list_of_substitutions(name)
        self._value = value

    def execute(self, context: LaunchContext) -> None:
        """Add it to the parameters of the scope."""
        settings = context.launch_configurations
        pair = (perform_substitutions(context, self._name), evaluate_value(context, self._value))
        # A new list: the scope outside keeps the old one.
        settings[PARAMETERS] = [*settings.get(PARAMETERS, []), pair]


class SetRemap(Action):
    """Remaps a name of the nodes that follow."""

    def __init__(self, src: SomeSubstitutionsType, dst: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._src = normalize_to_list_of_substitutions(src)
        self._dst = normalize_to_list_of_substitutions(dst)

    def execute(self, context: LaunchContext) -> None:
        """Add it to the remappings of the scope."""
        settings = context.launch_configurations
        pair = (perform_substitutions(context, self._src), perform_substitutions(context, self._dst))
        settings[REMAPS] = [*settings.get(REMAPS, []), pair]
