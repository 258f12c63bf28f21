"""One page that shows a dataset: warnings first, then facts, then what its episodes look like. Needs no network."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from vita_dataset.chart import histogram
from vita_dataset.errors import UsageError
from vita_dataset.inspection import MOST_LINES
from vita_dataset.origin import Origin
from vita_dataset.page_episode import episode_block
from vita_dataset.page_file import MARK
from vita_dataset.page_style import STYLE
from vita_dataset.progress import clock_time
from vita_dataset.report import Report
from vita_dataset.sources import EpisodeSource
from vita_dataset.spec import DatasetSpec, VectorSpec
from vita_dataset.stats import FeatureStats
from vita_dataset.survey import Survey

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""The browser is told to load nothing, so the page shows the same wherever it is sent."""


def chosen_episodes(source: EpisodeSource, wanted: Sequence[int] | None) -> tuple[int, ...]:
    """The episodes to show: those that were asked for, else the first, the middle and the last.

    Raises:
        UsageError: there is no such episode.
    """
    last = source.episode_count - 1
    if wanted is None:
        return tuple(sorted({0, last // 2, last}))
    for index in wanted:
        if not 0 <= index <= last:
            raise UsageError(f"--show {index} is no episode of '{source.spec.repo_id}', which has 0 to {last}")
    return tuple(dict.fromkeys(wanted))


def page_text(source: EpisodeSource, found: Survey, whence: Origin, shown: Sequence[int]) -> str:
    """The page as HTML.

    Args:
        source: the dataset.
        found: what a survey of it found.
        whence: where it is and where it came from.
        shown: the episodes to plot.
    """
    spec, report = source.spec, found.report
    episodes = "".join(episode_block(source, index, found, is_open=place == 0) for place, index in enumerate(shown))
    parts = [
        f"<h1>{html.escape(spec.repo_id)}</h1>",
        f'<p class="sub">{html.escape(whence.kind)}, in {html.escape(str(whence.path))}</p>',
        _verdict(found, source.notes),
        "<h2>Facts</h2>",
        _facts(spec, report, whence),
        "<h2>Length of the episodes</h2>",
        f'<figure class="only">{histogram("lengths of the episodes", report.lengths, "steps")}</figure>',
        "<h2>Episodes</h2>",
        '<p><span class="key state">state</span><span class="key action">action</span>'
        '<span class="note">all episodes on the same axes: the range of the whole dataset</span></p>',
        episodes,
        "<h2>Action ahead of state</h2>",
        _offsets(report),
        "<h2>Statistics</h2>",
        _vector("State", spec.state, found.state),
        _vector("Action", spec.action, found.action),
        _pixels(spec, report),
    ]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">{MARK}\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(spec.repo_id)}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _verdict(found: Survey, notes: Sequence[str]) -> str:
    boxes = []
    if found.damage:
        boxes.append(_box("bad", "Damage: a conversion refuses this", found.damage))
    if found.report.warnings:
        boxes.append(_box("warn", "Warnings", found.report.warnings))
    if not boxes:
        boxes.append('<div class="box good"><h2>No warnings</h2></div>')
    if not found.report.cameras:
        boxes.append(_box("", "Not checked", ["the pictures: black or standing cameras and damaged videos are unseen"]))
    if notes:
        boxes.append(_box("", "Read in spite of", notes))
    return "\n".join(boxes)


def _box(kind: str, title: str, entries: Sequence[str]) -> str:
    rest = entries[MOST_LINES:]
    more = f"<details><summary>{len(rest)} more</summary>{_list(rest)}</details>" if rest else ""
    return f'<div class="box {kind}"><h2>{title}</h2>{_list(entries[:MOST_LINES])}{more}</div>'


def _list(entries: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(entry)}</li>" for entry in entries) + "</ul>"


def _facts(spec: DatasetSpec, report: Report, whence: Origin) -> str:
    cameras = [f"{camera.key} ({camera.height}x{camera.width}, H x W)" for camera in spec.cameras]
    tasks = [f"{task or 'no text'} ({count})" for task, count in report.tasks.items()]
    shortest, longest = min(report.lengths), max(report.lengths)
    steps = f"{shortest} an episode" if shortest == longest else f"{shortest} to {longest} an episode"
    odd = f"{report.odd_steps} of the steps are not" if report.odd_steps else "all steps are"
    gaps = f"{odd} 1/{spec.fps:g} s apart; the largest gap is {report.largest_gap_s:.4f} s"
    rows = [
        ("Episodes", [str(len(report.lengths))]),
        ("Steps", [f"{report.steps} ({steps})"]),
        ("Duration", [f"{clock_time(report.seconds)} at {spec.fps:g} Hz"]),
        ("Timestamps", [gaps]),
        ("Cameras", cameras),
        ("Pictures looked at", [str(report.images)]),
        ("State", [_named(spec.state)]),
        ("Action", [_named(spec.action)]),
        ("Tasks (episodes)", tasks[:MOST_LINES]),
        ("Converted from", [whence.recording] if whence.recording else []),
        ("Recorded content", [whence.fingerprint] if whence.fingerprint else []),
        ("Left out", list(whence.left_out)),
    ]
    return (
        "<dl>"
        + "".join(
            f"<dt>{title}</dt><dd>{'<br>'.join(html.escape(line) for line in lines)}</dd>"
            for title, lines in rows
            if lines
        )
        + "</dl>"
    )


def _named(vector: VectorSpec) -> str:
    return f"{vector.key} [{vector.dim}]" + ("" if vector.names else ", elements not named")


def _offsets(report: Report) -> str:
    rows = []
    for offset in report.offsets:
        steps = ("?", "") if offset.steps is None else (str(offset.steps), f"{1000 * offset.steps / report.fps:.0f}")
        alike = "" if offset.correlation is None else f"{offset.correlation:.3f}"
        between = "" if offset.between is None else f"{offset.between[0]} to {offset.between[1]}"
        rows.append((offset.name, *steps, between, alike, offset.reason))
    note = (
        "How many steps later the state fits the action best, from -"
        f"{report.window} to {report.window}: the delay of robot, controller and recorder. 0 or less would mean that "
        "the action was recorded with or after the motion."
    )
    head = ("action", "steps", "ms", "fit as well", "correlation", "why it cannot be told")
    return f'<p class="note">{note}</p>{_table(head, rows, left=5)}'


def _vector(title: str, vector: VectorSpec, stats: FeatureStats) -> str:
    columns = {"min": stats.min, "1 %": stats.q01, "mean": stats.mean, "99 %": stats.q99, "max": stats.max}
    columns["std"] = stats.std
    rows = [
        (name, *("" if values is None else f"{values[element]:.4f}" for values in columns.values()))
        for element, name in enumerate(vector.labels)
    ]
    return f"<h3>{title}: {html.escape(vector.key)}</h3>{_table(('', *columns), rows)}"


def _pixels(spec: DatasetSpec, report: Report) -> str:
    rows = []
    for camera in spec.cameras:
        if camera.key not in report.stats:
            continue
        stats = report.stats[camera.key]
        parts = (stats.q01, stats.mean, stats.q99, stats.std)
        cells = ("" if part is None else " ".join(f"{value:.3f}" for value in part.reshape(-1)) for part in parts)
        rows.append((camera.key, *cells))
    if not rows:
        return ""
    return "<h3>Pixels, 0..1 (R G B)</h3>" + _table(("", "1 %", "mean", "99 %", "std"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], left: int | None = None) -> str:
    def line(cells: Sequence[str], tag: str) -> str:
        styles = [' class="left"' if place == left else "" for place in range(len(cells))]
        return (
            "<tr>"
            + "".join(f"<{tag}{style}>{html.escape(cell)}</{tag}>" for cell, style in zip(cells, styles, strict=True))
            + "</tr>"
        )

    return f'<div class="wide"><table>{line(head, "th")}{"".join(line(row, "td") for row in rows)}</table></div>'
