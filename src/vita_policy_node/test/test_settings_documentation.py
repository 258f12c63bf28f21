"""The table of parameters in docs/deploy.md against what the node declares."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vita_policy_node.setting import Setting
from vita_policy_node.settings import SETTINGS

DOCS = Path(__file__).resolve().parents[3] / "docs" / "deploy.md"
HEAD = "| parameter | default | range | unit | meaning |"


def table() -> dict[str, list[str]]:
    """The cells of each row of the table by the parameter's name, without the marks of code."""
    lines = DOCS.read_text(encoding="utf-8").splitlines()
    first = lines.index(HEAD) + 2
    rows = {}
    for line in lines[first:]:
        if not line.startswith("|"):
            break
        name, *cells = [cell.strip().replace("`", "") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        assert name not in rows
        rows[name] = cells
    return rows


def test_the_table_has_each_parameter_once_and_no_other():
    assert set(table()) == {setting.name for setting in SETTINGS}


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_row_tells_default_range_and_unit_as_they_are_declared(setting: Setting):
    default, span, unit, meaning = table()[setting.name]
    wanted = str(setting.default).lower() if isinstance(setting.default, bool) else str(setting.default)
    assert default == (wanted or '""')
    assert unit == setting.unit
    assert meaning
    if setting.choices:
        assert span.split(", ") == list(setting.choices)
    elif setting.low is not None and setting.high is not None:
        numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", span)]
        assert (min(numbers), max(numbers)) == (setting.low, setting.high), span
