"""What may be written wherever a text is expected."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from .substitution import Substitution

SomeSubstitutionsType: TypeAlias = str | Path | Substitution | Iterable[str | Path | Substitution]
