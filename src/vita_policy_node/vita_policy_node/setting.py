"""What describes one parameter of the node."""

from __future__ import annotations

from dataclasses import dataclass

Value = bool | int | float | str


@dataclass(frozen=True)
class Setting:
    """One parameter: its default fixes its type, ``low`` and ``high`` are inclusive, ``unit`` is for people.

    A ``live`` one may change while the policy commands: what it belongs to keeps no memory that depends on it.
    """

    name: str
    default: Value
    description: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    live: bool = False
