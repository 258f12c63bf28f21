"""What a dataset holds, as text for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vita_dataset.origin import Origin
from vita_dataset.progress import clock_time
from vita_dataset.sources import EpisodeSource
from vita_dataset.spec import VectorSpec
from vita_dataset.stats import FeatureStats
from vita_dataset.survey import Survey

MOST_LINES = 20


def describe(source: EpisodeSource, found: Survey, whence: Origin) -> str:
    """Warnings, features, names, sizes and statistics of a dataset.

    Args:
        source: the dataset.
        found: what a survey of it found.
        whence: where it is and where it came from.
    """
    spec, report = source.spec, found.report
    lines = [
        f"{spec.repo_id} ({whence.kind}) in {whence.path}",
        f"{len(report.lengths)} episodes, {report.steps} steps, {clock_time(report.seconds)} at {spec.fps:g} Hz",
    ]
    if whence.recording:
        lines.append(f"from {whence.recording}")
    if whence.fingerprint:
        lines.append(f"recorded content {whence.fingerprint}")
    for title, entries in (
        ("damage: convert refuses this", found.damage),
        ("warnings", report.warnings),
        ("read in spite of", source.notes),
        ("left out", whence.left_out),
    ):
        if entries:
            lines += ["", title, *[f"  {entry}" for entry in shortened(entries)]]
    lines += ["", "cameras (H x W)" if report.cameras else "cameras (H x W), pictures not looked at"]
    for camera in spec.cameras:
        lines.append(f"  {camera.key}  {camera.height}x{camera.width}")
        if camera.key in report.stats:
            lines.append(f"    pixels, 0..1 (R G B): {_pixels(report.stats[camera.key])}")
    lines += _vector("state", spec.state, found.state)
    lines += _vector("action", spec.action, found.action)
    offsets = {offset.name: offset.to_dict() for offset in report.offsets}
    lines += ["", "action ahead of state", *[f"  {line}" for line in offset_lines(offsets, spec.fps)]]
    return "\n".join(lines) + "\n"


def offset_lines(elements: Mapping[str, Mapping[str, Any]], fps: float) -> list[str]:
    """How far the action runs ahead of the state: elements of one offset together, then those of unknown offset.

    Args:
        elements: ``action_offset.elements`` of a report.
        fps: steps a second [Hz].
    """
    told: dict[int, list[str]] = {}
    untold: dict[str, list[str]] = {}
    for name, offset in elements.items():
        if offset["steps"] is None:
            fits = "" if offset["between"] is None else " ({} to {} steps)".format(*offset["between"])
            untold.setdefault(offset["reason"], []).append(f"{name}{fits}")
        else:
            told.setdefault(offset["steps"], []).append(name)
    lines = []
    for steps in sorted(told):
        unit = "step" if abs(steps) == 1 else "steps"
        lines.append(f"{steps} {unit} ({1000 * steps / fps:.0f} ms): {', '.join(told[steps])}")
    return [*lines, *(f"cannot tell, {reason}: {', '.join(names)}" for reason, names in untold.items())]


def shortened(entries: Sequence[str]) -> list[str]:
    """The first entries, and how many more there are."""
    shown = list(entries[:MOST_LINES])
    if len(entries) > MOST_LINES:
        shown.append(f"and {len(entries) - MOST_LINES} more; the page of 'inspect --html' lists them all")
    return shown


def _pixels(stats: FeatureStats) -> str:
    parts = [("mean", stats.mean), ("std", stats.std), ("q01", stats.q01), ("q99", stats.q99)]
    return "  ".join(
        f"{name} " + " ".join(f"{value:.3f}" for value in values.reshape(-1))
        for name, values in parts
        if values is not None
    )


def _vector(kind: str, vector: VectorSpec, stats: FeatureStats) -> list[str]:
    width = max(len(name) for name in vector.labels)
    unnamed = "" if vector.names else ", elements not named"
    unknown = np.full(vector.dim, np.nan)
    q01, q99 = (unknown if values is None else values for values in (stats.q01, stats.q99))
    columns = {"min": stats.min, "q01": q01, "mean": stats.mean, "q99": q99, "max": stats.max, "std": stats.std}
    lines = ["", f"{kind}: {vector.key} [{vector.dim}]{unnamed}"]
    lines.append(f"  {'':<{width}} " + " ".join(f"{name:>10}" for name in columns))
    for element, name in enumerate(vector.labels):
        values = " ".join(f"{values[element]:>10.4f}" for values in columns.values())
        lines.append(f"  {name:<{width}} {values}")
    return lines
