"""Helpers for whatever may be written as text."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ._coverage import refuse_attributes
from .substitution import Substitution

if TYPE_CHECKING:
    from .launch_context import LaunchContext
    from .some_substitutions_type import SomeSubstitutionsType


def normalize_to_list_of_substitutions(subs: SomeSubstitutionsType) -> list[Substitution]:
    """Return texts, paths and substitutions as a list of substitutions.

    Raises:
        TypeError: for anything else.
    """
    from .substitutions import TextSubstitution

    if isinstance(subs, Substitution):
        return [subs]
    if isinstance(subs, (str, Path)):
        return [TextSubstitution(text=str(subs))]
    if isinstance(subs, Iterable):
        return [part for item in subs for part in normalize_to_list_of_substitutions(item)]
    raise TypeError(f"expected text, a path, a substitution or a list of these, got {subs!r}")


def perform_substitutions(context: LaunchContext, subs: Iterable[Substitution]) -> str:
    """Return the texts of all substitutions, joined."""
    return "".join(sub.perform(context) for sub in subs)


def perform_text(context: LaunchContext, subs: SomeSubstitutionsType) -> str:
    """Return the text that anything text-like stands for."""
    return perform_substitutions(context, normalize_to_list_of_substitutions(subs))


def parse_bool(text: str) -> bool | None:
    """Return the truth that a text spells (true, false, 1, 0 in any case), None for any other text."""
    return {"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower())


__getattr__ = refuse_attributes(__name__)
