"""The file of settings that the published VITA code leaves beside its logs, and the references in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vita_dataset.errors import DataError

_REFERENCE = re.compile(r"^\$\{(\.*)(\w+(?:\.\w+)*)\}$")
"""A reference to another value: dots that go up from where it stands, none for the top, and a name."""


@dataclass(frozen=True)
class SettingsFile:
    """A ``train_config_*.yaml``, its references still as written."""

    path: Path
    document: Any

    @classmethod
    def read(cls, path: Path) -> SettingsFile:
        """Read the file.

        Raises:
            DataError: no such file, not readable, or not YAML.
        """
        if not path.is_file():
            raise DataError(f"the training settings '{path}' are not a file; give the run's train_config_*.yaml")
        try:
            return cls(path, yaml.safe_load(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise DataError(
                f"'{path}' is not readable YAML ({error}); copy it from the training machine again"
            ) from error

    @classmethod
    def beside(cls, folder: Path) -> SettingsFile:
        """The newest file that belongs to a checkpoint folder.

        Training writes it to the ``logs`` of the session; deployment used to look in ``logs`` beside the checkpoint, so
        people moved it there; and it may have been put into the checkpoint itself.

        Raises:
            DataError: there is none, or it cannot be read.
        """
        whole = folder.resolve()
        for logs in (whole.parent.parent / "logs", whole.parent / "logs", whole):
            # The name carries the time, so the last one is the newest.
            found = sorted(logs.glob("train_config_*.yaml"))
            if found:
                return cls.read(found[-1])
        raise DataError(
            f"the checkpoint '{folder}' has no config.json with the policy's settings and no train_config_*.yaml in "
            "the session's logs; copy the file from the training machine into the checkpoint folder, or name it as "
            "config_yaml"
        )

    def has(self, name: str) -> bool:
        """Whether something is written at a dotted name, be it null or a reference to nowhere."""
        value = self.document
        for part in name.split("."):
            if not isinstance(value, Mapping) or part not in value:
                return False
            value = value[part]
        return True

    def value(self, name: str, problems: list[str]) -> Any:
        """The value at a dotted name; a reference to another value, ``${a.b}`` or ``${..b}``, is followed.

        Returns:
            Never null but where a problem was noted.
        """
        return self._value(name, problems, ())

    def _value(self, name: str, problems: list[str], seen: tuple[str, ...]) -> Any:
        value = self.document
        for part in name.split("."):
            if not isinstance(value, Mapping) or part not in value:
                problems.append(f"{name} is missing")
                return None
            value = value[part]
        if isinstance(value, str) and "${" in value:
            target = _target(name, value)
            if target is None or target in (*seen, name):
                problems.append(f"{name} is the unresolved '{value}'; write its value into the file")
                return None
            return self._value(target, problems, (*seen, name))
        if value is None:
            problems.append(f"{name} is null")
        return value


def _target(name: str, text: str) -> str | None:
    """The name of the value that a reference at ``name`` means, None where it means nothing that can be looked up."""
    match = _REFERENCE.match(text)
    if match is None:
        return None
    dots, path = len(match.group(1)), match.group(2)
    parts = name.split(".")
    if dots > len(parts):
        return None
    # One dot is the group in which the reference stands, each further one the group around it.
    return ".".join([*parts[:-dots], path]) if dots else path
