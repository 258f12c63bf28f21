"""Conditions on a text that spells a truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._coverage import refuse_attributes
from .condition import Condition
from .some_substitutions_type import SomeSubstitutionsType
from .utilities import parse_bool, perform_text

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class InvalidConditionExpressionError(Exception):
    """The text of a condition spells neither true nor false."""


class IfCondition(Condition):
    """True for the texts true and 1, false for false and 0, in any case."""

    def __init__(self, predicate_expression: SomeSubstitutionsType) -> None:
        self._expression = predicate_expression
        super().__init__(predicate=self._spells_true)

    def _spells_true(self, context: LaunchContext) -> bool:
        text = perform_text(context, self._expression)
        truth = parse_bool(text)
        if truth is None:
            raise InvalidConditionExpressionError(f"a condition expected true, false, 1 or 0, got '{text}'")
        return truth


class UnlessCondition(IfCondition):
    """The opposite of IfCondition."""

    def evaluate(self, context: LaunchContext) -> bool:
        """Return True when the text spells false."""
        return not super().evaluate(context)


__all__ = ["IfCondition", "InvalidConditionExpressionError", "UnlessCondition"]

__getattr__ = refuse_attributes(__name__)
