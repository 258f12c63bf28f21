"""JSON and JSON-lines files as the datasets' metadata uses them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def write_json(path: Path, content: Mapping[str, Any], indent: int = 2) -> None:
    """Write one object."""
    path.write_text(json.dumps(content, indent=indent) + "\n", encoding="utf-8")


def write_json_lines(path: Path, entries: Iterable[Mapping[str, Any]]) -> None:
    """Write one object a line."""
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
