"""The base of everything that becomes text only while a description runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class Substitution:
    """A value that is looked up when it is needed."""

    def perform(self, context: LaunchContext) -> str:
        """Return the text that this stands for in ``context``."""
        raise NotImplementedError(f"{type(self).__name__}.perform")

    def describe(self) -> str:
        """Return a text for people, without evaluating anything."""
        return f"{type(self).__name__}()"
