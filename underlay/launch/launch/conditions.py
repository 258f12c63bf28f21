"""Decisions, taken when an action is visited, whether it is executed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ._coverage import Covered
from .substitutions import SomeSubstitutionsType, to_text

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class InvalidConditionExpressionError(Exception):
    """The text of a condition spells neither true nor false."""


class Condition(Covered):
    """The base of conditions."""

    def __init__(self, *, predicate: Callable[[LaunchContext], bool]) -> None:
        super().__init__()
        self._predicate = predicate

    def evaluate(self, context: LaunchContext) -> bool:
        """Return True when the action is to be executed."""
        return self._predicate(context)


def _spells_true(context: LaunchContext, expression: SomeSubstitutionsType) -> bool:
    text = to_text(context, expression)
    if text.strip().lower() not in ("true", "1", "false", "0"):
        raise InvalidConditionExpressionError(f"a condition expected true, false, 1 or 0, got '{text}'")
    return text.strip().lower() in ("true", "1")


class IfCondition(Condition):
    """True for the texts true and 1, false for false and 0, in any case."""

    def __init__(self, predicate_expression: SomeSubstitutionsType) -> None:
        super().__init__(predicate=lambda context: _spells_true(context, predicate_expression))


class UnlessCondition(Condition):
    """The opposite of IfCondition."""

    def __init__(self, predicate_expression: SomeSubstitutionsType) -> None:
        super().__init__(predicate=lambda context: not _spells_true(context, predicate_expression))
