"""docs/troubleshooting.md quotes the node's messages as they are now."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2]
PAGE = SOURCES.parent / "docs/troubleshooting.md"
MODULES = "vita_[pd]*/vita_[pd]*/*.py"
SECTIONS = ("## The node refuses or ends", "## The node does not command")
NOT_OURS = re.compile(r"(ros2|inspect) |Couldn't parse params file|[\w.<>]+: \S+$")
"""Commands, what ROS 2 itself says, and parameters with a value."""

# What a message fills in: ellipses, lists, quoted names and numbers; and what joins several of them.
FILLED_IN = re.compile(r"…|; |\[[^\]]*\]|(?<![a-z])'[^']*'|\d[\d.e+]*")


def _texts(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_message_that_is_quoted_is_in_the_code():
    said = "\n".join(text for path in SOURCES.glob(MODULES) for text in _texts(path))
    page = PAGE.read_text(encoding="utf-8")
    quotes = []
    for heading in SECTIONS:
        section = page.split(heading)[1].split("\n## ")[0]
        quotes += [" ".join(quote.split()) for quote in re.findall(r"`([^`]+)`", section)]
    quotes = [quote for quote in quotes if " " in quote and not NOT_OURS.match(quote)]
    assert len(quotes) > 30
    parts = {part.strip(" :;,.") for quote in quotes for part in FILLED_IN.split(quote)}
    missing = sorted(part for part in parts if len(part.split()) > 1 and part not in said)
    assert missing == []
