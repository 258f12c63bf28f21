"""One episode on the inspection page: a film strip for each camera, a plot for each joint."""

from __future__ import annotations

import html

import numpy as np
from numpy.typing import NDArray

from vita_dataset.action_offset import pairs
from vita_dataset.chart import curves, timeline
from vita_dataset.episode import Episode
from vita_dataset.errors import DataError
from vita_dataset.film import film_strip
from vita_dataset.report import CameraReport
from vita_dataset.sources import EpisodeSource
from vita_dataset.spec import DatasetSpec
from vita_dataset.survey import Survey

PICTURES = 8


def episode_block(source: EpisodeSource, index: int, found: Survey, *, is_open: bool) -> str:
    """An episode as HTML that can be folded.

    Args:
        source: the dataset.
        index: the episode.
        found: what a survey of the dataset found.
        is_open: show it unfolded.
    """
    opened = " open" if is_open else ""
    try:
        episode = source.episode(index)
    except DataError as error:
        return f"<details{opened}><summary>Episode {index}</summary><p>{html.escape(str(error))}</p></details>"
    table = episode.table
    title = f"Episode {index}: {len(table)} steps, {table.timestamps_s[-1]:.1f} s"
    task = f'<p class="note">{html.escape(table.task)}</p>' if table.task else ""
    films = "".join(_film(episode, camera.key, found.report.cameras.get(camera.key)) for camera in source.spec.cameras)
    plots = "".join(_plots(episode, source.spec, found))
    return f'<details{opened}><summary>{title}</summary>{task}{films}<div class="grid">{plots}</div></details>'


def _film(episode: Episode, key: str, report: CameraReport | None) -> str:
    index, steps = episode.table.index, len(episode.table)
    heading = f"<h3>{html.escape(key)}</h3>"
    try:
        pictures = film_strip(episode.frames[key](), steps, PICTURES)
    except DataError as error:
        return f"{heading}<p>{html.escape(str(error))}</p>"
    cells = "".join(
        f'<div><img alt="{html.escape(key)}, step {step}" src="{source}"><span>{step}</span></div>'
        for step, source in pictures
    )
    marks = ""
    if report is not None:
        here = {
            kind: [stretch for stretch in stretches if stretch.episode == index]
            for kind, stretches in (("black", report.black), ("frozen", report.frozen))
        }
        if any(here.values()):
            named = "; ".join(f"{kind}: {', '.join(map(str, found))}" for kind, found in here.items() if found)
            marks = timeline(named, steps, here) + f'<p class="note">{named}</p>'
    return f'{heading}<div class="strip">{cells}</div>{marks}'


def _plots(episode: Episode, spec: DatasetSpec, found: Survey) -> list[str]:
    """A plot for each element: state and action together where they belong together."""
    table = episode.table
    commanded = {state: action for action, state in pairs(spec.state, spec.action).items()}
    figures = []
    for element, name in enumerate(spec.state.labels):
        series = {"state": table.state[:, element]}
        low, high = found.state.min[element], found.state.max[element]
        if element in commanded:
            action = commanded[element]
            series["action"] = table.action[:, action]
            low, high = min(low, found.action.min[action]), max(high, found.action.max[action])
        figures.append(_figure(name, table.timestamps_s, series, float(low), float(high)))
    for element, name in enumerate(spec.action.labels):
        if element not in commanded.values():
            low, high = found.action.min[element], found.action.max[element]
            values = table.action[:, element]
            figures.append(_figure(f"{name} (action only)", table.timestamps_s, {"action": values}, low, high))
    return figures


def _figure(
    name: str, seconds: NDArray[np.float64], series: dict[str, NDArray[np.float32]], low: float, high: float
) -> str:
    drawn = curves(f"{' and '.join(series)} of {name}", seconds, series, low, high)
    return f"<figure><figcaption>{html.escape(name)}</figcaption>{drawn}</figure>"
