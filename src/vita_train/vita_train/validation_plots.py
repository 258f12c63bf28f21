"""Draws a validation: each joint over time, recorded beside predicted, and the way from vision to action."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from vita_train.validation_errors import Validation
from vita_train.validation_examples import Example

COLUMNS = 2
RECORDED, EXECUTED, REST = "#222222", "#0072b2", "#9ecae1"
WIDTH_IN, ROW_IN, HEAD_IN, FOOT_IN = 12.0, 1.8, 0.6, 1.1
"""Inches: training waits for these figures, so nothing is measured that can be said."""


def plot_examples(folder: Path, validation: Validation, examples: Iterable[Example], fps: float) -> None:
    """Write two PNGs for each example, ``episode_<n>.png`` and ``flow_<n>.png``.

    Args:
        folder: where; must exist.
        validation: names the joints and tells how much of a chunk is executed.
        examples: what to draw.
        fps: steps per second [Hz].

    Raises:
        OSError: the disk does not take it.
    """
    names = validation.joints.names
    for example in examples:
        _plot_episode(folder / f"episode_{example.episode}.png", names, validation.action_horizon, example, fps)
        _plot_flow(folder / f"flow_{example.episode}.png", names, example, fps)


def _plot_episode(path: Path, names: tuple[str, ...], horizon: int, example: Example, fps: float) -> None:
    """The chunks that would be executed one after the other, each from the recorded observation at its beginning."""
    figure, panels = _panels(names, f"episode {example.episode}: a new prediction every {horizon} steps")
    length, chunk = example.predicted.shape[:2]
    begins = range(0, length, horizon)
    # From the last executed action on, so that both parts of a chunk meet; a gap after each.
    rest = np.full((len(begins), chunk - horizon + 2, example.predicted.shape[2]), np.nan)
    rest[:, :-1] = example.predicted[begins, horizon - 1 :]
    rest_times = np.array(begins)[:, None] + np.arange(horizon - 1, chunk + 1)
    rest[rest_times >= length] = np.nan
    executed = np.concatenate([example.predicted[begin, :horizon] for begin in begins])[:length]
    times = np.arange(length) / fps
    for joint, panel in enumerate(panels):
        panel.plot(
            rest_times.ravel() / fps, rest[:, :, joint].ravel(), color=REST, lw=0.8, label="predicted, not executed"
        )
        panel.plot(times, example.recorded[:, joint], color=RECORDED, lw=1.3, label="recorded action")
        panel.plot(times, executed[:, joint], color=EXECUTED, lw=1.1, label="predicted, executed")
    _save(figure, panels, path)


def _plot_flow(path: Path, names: tuple[str, ...], example: Example, fps: float) -> None:
    """One chunk, decoded at each point of the way from the vision latent to the action latent."""
    figure, panels = _panels(names, f"episode {example.episode}, step {example.flow_step}: the latent, decoded")
    steps, chunk = example.flow.shape[0] - 1, example.flow.shape[1]
    recorded = example.recorded[example.flow_step : example.flow_step + chunk]
    times = np.arange(chunk) / fps
    colours = matplotlib.colormaps["viridis_r"](np.linspace(0.1, 1.0, steps + 1))
    for joint, panel in enumerate(panels):
        panel.plot(times[: len(recorded)], recorded[:, joint], color=RECORDED, lw=1.6, label="recorded action")
        for step, actions in enumerate(example.flow):
            label = "vision latent" if step == 0 else f"after step {step} of {steps}"
            panel.plot(times, actions[:, joint], color=tuple(colours[step]), lw=1.0, label=label)
    _save(figure, panels, path)


def _panels(names: tuple[str, ...], title: str) -> tuple[Figure, list[Axes]]:
    rows = -(-len(names) // COLUMNS)
    height = HEAD_IN + ROW_IN * rows + FOOT_IN
    figure = Figure(figsize=(WIDTH_IN, height))
    FigureCanvasAgg(figure)  # draws without a screen
    figure.subplots_adjust(0.06, FOOT_IN / height, 0.99, 1 - HEAD_IN / height, wspace=0.12, hspace=0.3)
    figure.suptitle(title, fontsize=10, y=1 - 0.15 / height)
    grid: NDArray[np.object_] = figure.subplots(rows, COLUMNS, sharex=True, squeeze=False).reshape(-1)
    for panel, name in zip(grid, names, strict=False):
        panel.set_title(name, fontsize=9, loc="left")
        panel.grid(visible=True, alpha=0.25)
    for panel in grid[len(names) :]:
        panel.set_visible(False)
    return figure, list(grid[: len(names)])


def _save(figure: Figure, panels: list[Axes], path: Path) -> None:
    for panel in panels[-COLUMNS:]:
        panel.set_xlabel("time [s]")
        panel.tick_params(labelbottom=True)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=4, frameon=False, fontsize=8)
    figure.savefig(path, dpi=90)
