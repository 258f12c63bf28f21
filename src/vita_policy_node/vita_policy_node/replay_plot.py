"""Draws a replay: each joint over time, recorded beside commanded."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from vita_policy_node.replay import Replay

Vector = NDArray[np.float64]

COLUMNS = 2
RECORDED, POLICY, HOLD, LIVE = "#222222", "#0072b2", "#bbbbbb", "#d55e00"


def plot_replay(replay: Replay, recorded: dict[int, Vector], live: dict[int, Vector]) -> bytes:
    """A PNG file: one panel a joint, gaps where the policy holds, the same for the same replay.

    Args:
        replay: the offline replay.
        recorded: recorded actions by stamp [ns], [A] each.
        live: commands of a live node by stamp [ns], [A] each; may be empty.
    """
    names = replay.layout.limits.names
    start_ns = next(iter(recorded))
    rows = -(-len(names) // COLUMNS)
    figure = Figure(figsize=(13, 1.2 + 1.9 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, COLUMNS, sharex=True, squeeze=False).reshape(-1)
    times = (np.array([tick.stamp_ns for tick in replay.ticks]) - start_ns) / 1e9
    series = (
        (_seconds(recorded, start_ns), _stack(list(recorded.values()), names), RECORDED, "recorded action"),
        (times, _stack([tick.held for tick in replay.ticks], names), HOLD, "hold the pose of the chunk's observation"),
        (_seconds(live, start_ns), _stack(list(live.values()), names), LIVE, "live node"),
        (times, _stack([tick.command for tick in replay.ticks], names), POLICY, "policy, offline"),
    )
    for index, (panel, name) in enumerate(zip(panels, names, strict=False)):
        for x, values, colour, label in series:
            if len(x):
                panel.plot(x, values[:, index], color=colour, linewidth=1.2, label=label)
        panel.set_title(name, fontsize=9, loc="left")
        panel.grid(visible=True, alpha=0.25)
    for panel in panels[len(names) :]:
        panel.set_visible(False)
    for panel in panels[max(0, len(names) - COLUMNS) : len(names)]:
        panel.set_xlabel("time [s]")
        panel.tick_params(labelbottom=True)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, frameon=False)
    file = BytesIO()
    figure.savefig(file, dpi=110, format="png")
    return file.getvalue()


def _seconds(values: dict[int, Vector], start_ns: int) -> NDArray[np.float64]:
    return (np.array(list(values), dtype=np.float64) - start_ns) / 1e9


def _stack(rows: list[Vector | None] | list[Vector], names: tuple[str, ...]) -> NDArray[np.float64]:
    gap = np.full(len(names), np.nan)
    return np.array([gap if row is None else row for row in rows], dtype=np.float64).reshape(-1, len(names))
