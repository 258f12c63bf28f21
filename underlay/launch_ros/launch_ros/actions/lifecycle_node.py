"""The action that runs a managed node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from launch import LaunchContext, LaunchDescriptionEntity, SomeSubstitutionsType

from .._lifecycle_link import LifecycleLink
from .node import Node


class LifecycleNode(Node):
    """Runs a node whose transitions are asked for by ChangeState and reported by StateTransition events."""

    def __init__(self, *, name: SomeSubstitutionsType, namespace: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(name=name, namespace=namespace, **kwargs)

    def execute(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity] | None:
        """Start the node and listen to it."""
        entities = super().execute(context)
        if not context.is_shutdown:
            LifecycleLink(self, context).register()
        return entities
