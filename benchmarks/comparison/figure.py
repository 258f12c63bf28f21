"""The comparison as one picture: success, chunk error, latency."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.comparison.costs import Costs
from benchmarks.comparison.summary import Summary
from benchmarks.comparison.variants import VARIANTS

VITA, OTHER, SINGLE = "#0072b2", "#888888", "#222222"
PLAIN = ("noise_flow", "regression")
BAR = 0.62


def draw(path: Path, summaries: Mapping[str, Summary], costs: Mapping[str, Costs]) -> None:
    """Write a PNG.

    Args:
        path: where.
        summaries: by variant, one or more.
        costs: by variant; those missing have no bar.
    """
    variants = [variant for variant in VARIANTS if variant.key in summaries]
    rows = list(range(len(variants)))
    colors = [OTHER if variant.key in PLAIN else VITA for variant in variants]
    found = [summaries[variant.key] for variant in variants]
    figure = Figure(figsize=(12, 1.2 + 0.55 * len(rows)), layout="constrained")
    FigureCanvasAgg(figure)
    panels: list[Axes] = list(figure.subplots(1, 3, sharey=True))

    panels[0].barh(rows, [each.rate.rate for each in found], BAR, color=colors)
    spread = [[each.rate.rate - each.rate.low for each in found], [each.rate.high - each.rate.rate for each in found]]
    panels[0].errorbar([each.rate.rate for each in found], rows, xerr=spread, fmt="none", color=SINGLE, capsize=4)
    for row, each in zip(rows, found, strict=True):
        panels[0].plot(
            [one.rate for one in each.rates], [row] * len(each.rates), "o", ms=5, mfc="white", mec=SINGLE, clip_on=False
        )
    panels[0].set_xlim(0, 1.03)
    panels[0].set_xlabel("closed-loop success with its 95 % interval\ncircles: each seed")

    panels[1].barh(rows, [100 * each.chunk for each in found], BAR, color=colors, alpha=0.4)
    panels[1].barh(rows, [100 * each.executed for each in found], BAR / 2, color=colors)
    for row, each in zip(rows, found, strict=True):
        errors = [100 * error for error in each.executed_each]
        panels[1].plot(errors, [row] * len(errors), "o", ms=5, mfc="white", mec=SINGLE, clip_on=False)
    panels[1].set_xlabel("error on held-out demonstrations\n[% of range]; pale: chunk, dark: executed part")

    milliseconds = [costs[each.key].latency.median_ms if each.key in costs else 0.0 for each in variants]
    panels[2].barh(rows, milliseconds, BAR, color=colors)
    panels[2].set_xlabel("one chunk, ready to serve\nbatch 1, two threads [ms]")

    panels[0].set_yticks(rows, [variant.title for variant in variants])
    panels[0].invert_yaxis()
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(axis="x", alpha=0.3)
        panel.set_axisbelow(True)
    figure.savefig(path, dpi=110)
