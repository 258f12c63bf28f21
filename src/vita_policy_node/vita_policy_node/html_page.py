"""The frame of the pages that a replay writes: one file each, which loads nothing and runs nothing."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""The browser is told to load nothing, so the page shows the same wherever it is sent."""

STYLE = """
:root { color-scheme: light dark; --text: #1c2128; --faint: #667080; --back: #fff; --card: #f5f7f9; --line: #d5dae1;
  --good: #1a7f37; --bad: #c62828; }
@media (prefers-color-scheme: dark) {
  :root { --text: #dde3ea; --faint: #97a3b2; --back: #11151a; --card: #1a2027; --line: #343d48; --good: #56d364;
    --bad: #ff7b72; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); max-width: 72rem;
  margin: 0 auto; padding: 1.5rem 1rem 4rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0 0 .3rem; } h2 { font-size: 1.15rem; margin: 1.8rem 0 .5rem; }
.note { color: var(--faint); font-size: .9rem; } .scroll { overflow-x: auto; }
.box { background: var(--card); border-left: 4px solid var(--line); padding: .5rem .9rem; margin: .8rem 0; }
.box.good { border-color: var(--good); } .box.bad { border-color: var(--bad); } .box ul { margin: .3rem 0; }
.good { color: var(--good); } .bad { color: var(--bad); } .box.good, .box.bad { color: inherit; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .9rem .2rem 0; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: 0; } dd { margin: 0; }
dt { color: var(--faint); } img { max-width: 100%; background: white; border-radius: 4px; }
"""


def page(title: str, parts: Iterable[str]) -> str:
    """A whole page; ``parts`` are HTML, the title is text."""
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of texts."""
    lines = [f"<tr>{''.join(f'<th>{html.escape(cell)}</th>' for cell in head)}</tr>"]
    lines += [f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows]
    return '<div class="scroll"><table>\n' + "\n".join(lines) + "\n</table></div>"


def facts(values: Mapping[str, str]) -> str:
    """Names and what they are."""
    rows = (f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in values.items())
    return f"<dl>{''.join(rows)}</dl>"


def counts(values: Mapping[str, int], nothing: str) -> str:
    """How often each thing was counted, the most frequent first; the text ``nothing`` where none was."""
    if not values:
        return f"<p>{html.escape(nothing)}</p>"
    ordered = sorted(values.items(), key=lambda item: (-item[1], item[0]))
    return "<ul>" + "".join(f"<li>{number} x {html.escape(name)}</li>" for name, number in ordered) + "</ul>"


def box(kind: str, title: str, lines: Sequence[str]) -> str:
    """A verdict: ``kind`` is good, bad or empty."""
    entries = f"<ul>{''.join(f'<li>{html.escape(line)}</li>' for line in lines)}</ul>" if lines else ""
    return f'<div class="box {kind}"><b>{html.escape(title)}</b>{entries}</div>'


def note(text: str) -> str:
    """Small print."""
    return f'<p class="note">{html.escape(text)}</p>'


def cell(value: float | None, form: str = ".4f") -> str:
    """A number of a table; a dash where there is none."""
    return "-" if value is None else format(value, form)
