"""What may be written wherever a text is expected."""

from .substitutions import SomeSubstitutionsType as SomeSubstitutionsType
