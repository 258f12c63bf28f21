"""Small pieces of YAML written by hand, where comments matter and a dumper would drop them."""

from __future__ import annotations

import json
import re

# Plain words that YAML 1.1 readers take for something else than a text.
_RESERVED = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def scalar(text: str) -> str:
    """A text on one line, quoted where needed; right in lists and in blocks."""
    if re.fullmatch(r"[A-Za-z_][\w./-]*", text, re.ASCII) and text.lower() not in _RESERVED:
        return text
    return json.dumps(text)
