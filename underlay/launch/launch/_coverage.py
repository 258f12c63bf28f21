"""What this stand-in does not cover is refused by name, never ignored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn


def _sentence(thing: str, package: str) -> str:
    return f"{thing} is not part of this workspace's stand-in for {package}: install the genuine ros-<distro>-{package}"


def refuse_attributes(module: str) -> Callable[[str], NoReturn]:
    """Make the ``__getattr__`` of a module whose genuine namesake offers more names.

    Args:
        module: dotted name of the module; its first part names the genuine package.

    Returns:
        A function that raises ``ImportError``. Python would hide the text of an ``AttributeError`` from
        ``from module import name``; private names keep it, because Python itself probes for those.
    """

    def missing(name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        raise ImportError(_sentence(f"{module}.{name}", module.partition(".")[0].replace("_", "-")))

    return missing


def refuse_keywords(owner: object, keywords: Mapping[str, Any]) -> None:
    """Raise ``TypeError`` when a caller gave keywords that only the genuine class knows."""
    if keywords:
        owner_type = type(owner)
        names = ", ".join(f"{name}=" for name in sorted(keywords))
        package = owner_type.__module__.partition(".")[0].replace("_", "-")
        raise TypeError(_sentence(f"{names} of {owner_type.__name__}", package))
