"""Typed reading of plain settings: each method returns a value of the asked kind or notes what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from vita_dataset.errors import UsageError

T = TypeVar("T")

INTEGER_BOUND = 2**63
"""Whole numbers end up in 64 bits with a sign."""


class Values:
    """Settings by dotted key, and the list of everything that is wrong with them.

    A method that finds a bad value notes the problem and returns something harmless of the right type, so that one
    error can name all mistakes at once.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._problems: list[str] = []

    def refuse_if_bad(self) -> None:
        """End the reading.

        Raises:
            UsageError: lists every problem noted.
        """
        if self._problems:
            raise UsageError("the configuration needs mending: " + "; ".join(self._problems))

    def note(self, problem: str) -> None:
        """Add a problem to the list."""
        self._problems.append(problem)

    def raw(self, key: str) -> Any:
        """The value as written."""
        value: Any = self._settings
        for part in key.split("."):
            value = value[part]
        return value

    def text(self, key: str) -> str:
        """A text of one character or more."""
        value = self.raw(key)
        if not isinstance(value, str) or not value:
            return self._bad(key, "a text", value, "")
        return value

    def optional_text(self, key: str) -> str | None:
        """A text or null."""
        return None if self.raw(key) is None else self.text(key)

    def folder_name(self, key: str) -> str:
        """A text that can name a folder."""
        value = self.text(key)
        if "/" in value or value in (".", ".."):
            self.note(f"{key} names a folder and cannot hold '/', but is {value!r}")
        return value

    def choice(self, key: str, choices: Sequence[str]) -> str:
        """One of some texts."""
        value = self.raw(key)
        if value not in choices:
            return self._bad(key, f"one of {', '.join(choices)}", value, choices[0])
        return str(value)

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self.raw(key)
        return value if isinstance(value, bool) else self._bad(key, "true or false", value, False)

    def integer(self, key: str, low: int) -> int:
        """A whole number from ``low`` up."""
        value = self.raw(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < low:
            return self._bad(key, f"a whole number from {low} up", value, low)
        if value >= INTEGER_BOUND:
            return self._bad(key, "a whole number below 2^63", value, low)
        return value

    def optional_integer(self, key: str, low: int) -> int | None:
        """A whole number from ``low`` up, or null."""
        return None if self.raw(key) is None else self.integer(key, low)

    def number(self, key: str, low: float = 0.0, above: bool = False) -> float:
        """A finite number from ``low`` up, or above it."""
        value = self.raw(key)
        if not _is_number(value) or value < low or (above and value == low):
            return self._bad(
                key, f"a number {'above' if above else 'from'} {low:g}{'' if above else ' up'}", value, 1.0
            )
        return float(value)

    def optional_number(self, key: str, low: float = 0.0) -> float | None:
        """A finite number from ``low`` up, or null."""
        return None if self.raw(key) is None else self.number(key, low)

    def betas(self, key: str) -> tuple[float, float]:
        """Two numbers from 0 to below 1."""
        value = self.raw(key)
        if not _is_list(value, 2) or not all(_is_number(item) and 0 <= item < 1 for item in value):
            return self._bad(key, "two numbers from 0 to below 1", value, (0.0, 0.0))
        return float(value[0]), float(value[1])

    def size(self, key: str) -> tuple[int, int]:
        """[H, W] in pixels, both 1 or more."""
        value = self.raw(key)
        if not _is_list(value, 2) or not all(isinstance(item, int) and item > 0 for item in value):
            return self._bad(key, "[H, W] in pixels", value, (1, 1))
        return int(value[0]), int(value[1])

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of one or more different texts."""
        value = self.raw(key)
        if not _is_list(value) or not value or not all(isinstance(item, str) and item for item in value):
            return self._bad(key, "a list of one or more keys", value, ())
        if len(set(value)) != len(value):
            self.note(f"{key} names a key twice in {value}")
        return tuple(value)

    def optional_integers(self, key: str) -> tuple[int, ...] | None:
        """A list of whole numbers, or null."""
        value = self.raw(key)
        if value is None:
            return None
        if not _is_list(value) or not value or not all(isinstance(i, int) and not isinstance(i, bool) for i in value):
            return self._bad(key, "null or a list of whole numbers", value, ())
        return tuple(value)

    def _bad(self, key: str, expected: str, value: Any, harmless: T) -> T:
        self.note(f"{key} must be {expected}, but is {value!r}")
        return harmless


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_list(value: Any, length: int | None = None) -> bool:
    return isinstance(value, list) and (length is None or len(value) == length)
