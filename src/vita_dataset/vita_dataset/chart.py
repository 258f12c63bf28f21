"""Small drawings as inline SVG: curves over time, a histogram, a line of stretches.

Drawn by hand rather than with a plotting library: the page's style sheet colours them for light and dark, and a page
of a hundred plots stays small.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.camera_watch import Stretch

WIDTH, HEIGHT = 320, 130
LEFT, RIGHT, TOP, BOTTOM = 54, 314, 8, 112
MOST_POINTS = 300
MOST_BARS = 24


def curves(
    label: str, seconds: NDArray[np.float64], series: Mapping[str, NDArray[Any]], low: float, high: float
) -> str:
    """Values over time.

    Args:
        label: what is drawn, for readers who do not see it.
        seconds: [n], when.
        series: style class -> values [n]. Numbers that are not finite leave a gap.
        low: lower end of the axis.
        high: upper end of the axis.
    """
    if high <= low:
        low, high = low - 0.5, high + 0.5
    end = max(float(seconds[-1]), 1e-9)
    x = LEFT + (RIGHT - LEFT) * seconds / end
    parts = [_frame()]
    for kind, values in series.items():
        y = BOTTOM - (BOTTOM - TOP) * (values.astype(np.float64) - low) / (high - low)
        parts.append(f'<path class="{kind}" d="{_path(x, y, thinned(values))}"/>')
    parts += [
        _text(LEFT - 4, TOP + 6, "end", f"{high:.3g}"),
        _text(LEFT - 4, BOTTOM, "end", f"{low:.3g}"),
        _text(LEFT, HEIGHT - 5, "start", "0"),
        _text(RIGHT, HEIGHT - 5, "end", f"{end:.1f} s"),
    ]
    return _svg(label, WIDTH, HEIGHT, parts)


def histogram(label: str, values: Sequence[int], unit: str) -> str:
    """How often each range of values occurs."""
    counts, _ = np.histogram(values, bins=min(MOST_BARS, len(set(values))))
    width = (RIGHT - LEFT) / len(counts)
    parts = [_frame()]
    for place, count in enumerate(counts.tolist()):
        height = (BOTTOM - TOP) * count / counts.max()
        parts.append(
            f'<rect class="bar" x="{LEFT + place * width + 0.5:.1f}" y="{BOTTOM - height:.1f}" '
            f'width="{max(0.5, width - 1):.1f}" height="{height:.1f}"/>'
        )
    shortest, longest = min(values), max(values)
    parts += [
        _text(LEFT - 4, TOP + 6, "end", str(counts.max())),
        _text(LEFT - 4, BOTTOM, "end", "0"),
        _text(RIGHT, HEIGHT - 5, "end", f"{longest} {unit}"),
    ]
    if longest > shortest:
        parts.append(_text(LEFT, HEIGHT - 5, "start", f"{shortest}"))
    return _svg(label, WIDTH, HEIGHT, parts)


def timeline(label: str, steps: int, stretches: Mapping[str, Sequence[Stretch]]) -> str:
    """A line as long as an episode with stretches marked on it; style class -> stretches."""
    parts = ['<rect class="whole" x="0" y="1" width="1000" height="6"/>']
    for kind, found in stretches.items():
        for stretch in found:
            start, width = 1000 * stretch.first / steps, 1000 * (stretch.last - stretch.first + 1) / steps
            parts.append(
                f'<rect class="{kind}" x="{start:.1f}" y="0" width="{max(2.0, width):.1f}" height="8">'
                f"<title>{kind}, {stretch}</title></rect>"
            )
    return _svg(label, 1000, 8, parts, "timeline")


def thinned(values: NDArray[Any]) -> NDArray[np.int64]:
    """At most ``MOST_POINTS`` places of a curve [n], with the lowest and the highest of each part: peaks stay seen."""
    if len(values) <= MOST_POINTS:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), MOST_POINTS // 2).astype(np.int64)  # one part fewer: room for both ends
    kept = {0, len(values) - 1}
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = values[start:stop]
        bad = np.flatnonzero(~np.isfinite(part))
        # A part with a gap shows the gap.
        kept |= {start + int(bad[0])} if len(bad) else {start + int(part.argmin()), start + int(part.argmax())}
    return np.array(sorted(kept), dtype=np.int64)


def _path(x: NDArray[np.float64], y: NDArray[np.float64], places: NDArray[np.int64]) -> str:
    words, pen = [], "M"
    for place in places.tolist():
        if not np.isfinite(y[place]):
            pen = "M"
            continue
        words.append(f"{pen}{x[place]:.1f} {y[place]:.1f}")
        pen = "L"
    return "".join(words)


def _frame() -> str:
    return f'<path class="axis" d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}"/>'


def _text(x: float, y: float, anchor: str, content: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{html.escape(content)}</text>'


def _svg(label: str, width: int, height: int, parts: Sequence[str], kind: str = "chart") -> str:
    stretch = ' preserveAspectRatio="none"' if kind == "timeline" else ""
    return (
        f'<svg class="{kind}" role="img" aria-label="{html.escape(label)}" viewBox="0 0 {width} {height}"{stretch}>'
        f"{''.join(parts)}</svg>"
    )
