"""What this stand-in does not cover is refused by name, never ignored."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn


def uncovered(thing: str, module: str) -> str:
    """Return the sentence that refuses ``thing`` of the package of ``module``."""
    package = module.partition(".")[0].replace("_", "-")
    return f"{thing} is not part of this workspace's stand-in for {package}: install the genuine ros-<distro>-{package}"


class Covered:
    """Base of the classes here: keywords and attributes that only the genuine class has are refused."""

    def __init__(self, **keywords: Any) -> None:
        if keywords:
            names = ", ".join(f"{name}=" for name in sorted(keywords))
            raise TypeError(_uncovered_of(f"{names} of {type(self).__name__}", self))

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise AttributeError(_uncovered_of(f"{type(self).__name__}.{name}", self))


def _uncovered_of(thing: str, owner: object) -> str:
    # A launch file may derive a class of its own: what counts is the first base that is ours.
    return uncovered(thing, next(base.__module__ for base in type(owner).__mro__ if base.__module__[:6] == "launch"))


def refuse_the_rest(package: str) -> None:
    """Make names and modules that are missing in ``package``, all of whose modules are imported, raise ImportError."""
    for name, module in tuple(sys.modules.items()):
        if name == package or name.startswith(f"{package}."):
            vars(module)["__getattr__"] = partial(_refuse_name, name)
            vars(module).setdefault("__path__", [])  # lets the finder below answer for modules in it, too
    sys.meta_path.append(_LastFinder(package))


def _refuse_name(module: str, name: str) -> NoReturn:
    if name.startswith("_"):  # Python itself probes for these
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    # Python would hide the text of an AttributeError from ``from module import name``.
    raise ImportError(uncovered(f"{module}.{name}", module))


class _LastFinder:
    """Asked for a module when no other finder of Python knows it."""

    def __init__(self, package: str) -> None:
        self._prefix = f"{package}."

    def find_spec(self, name: str, *_: Any) -> None:
        if name.startswith(self._prefix):
            raise ModuleNotFoundError(uncovered(name, name), name=name)
