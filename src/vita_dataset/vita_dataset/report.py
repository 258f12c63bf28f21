"""The verification report of a dataset, gathered while its episodes pass by. Goes to meta/report.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vita_dataset.action_offset import ActionOffsets, Offset
from vita_dataset.camera_watch import StillStretch, Stretch, black_stretches, still_stretches
from vita_dataset.checks import (
    black_findings,
    constant_elements,
    constant_findings,
    finite_findings,
    frozen_findings,
    odd_gaps,
    offset_findings,
    timing_findings,
)
from vita_dataset.episode import EpisodeTable
from vita_dataset.picture_watch import Watched
from vita_dataset.spec import DatasetSpec
from vita_dataset.stats import Stats, stats_to_dict


@dataclass(frozen=True)
class CameraReport:
    """Where the pictures of one camera are black, or stand still while the robot moves."""

    black: tuple[Stretch, ...]
    frozen: tuple[Stretch, ...]


@dataclass(frozen=True, eq=False)
class Report:
    """What was found.

    Attributes:
        fps: steps a second that the recording promises [Hz].
        lengths: steps of each episode.
        seconds: in all.
        images: frames that were looked at.
        odd_steps: steps that do not follow the one before after 1/fps, within a tenth.
        largest_gap_s: between two steps of an episode.
        constant: names of the elements that never change, of "state" and "action".
        cameras: by key; none where frames were not read.
        offsets: how far each action runs ahead of its state.
        window: the largest offset that was looked for, in steps.
        tasks: how many episodes have each task's text.
        stats: of each feature that was read.
        warnings: what a person should know, one sentence each.
    """

    fps: float
    lengths: tuple[int, ...]
    seconds: float
    images: int
    odd_steps: int
    largest_gap_s: float
    constant: Mapping[str, list[str]]
    cameras: Mapping[str, CameraReport]
    offsets: tuple[Offset, ...]
    window: int
    tasks: Mapping[str, int]
    stats: Stats
    warnings: tuple[str, ...]

    @property
    def steps(self) -> int:
        """Of all episodes."""
        return sum(self.lengths)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        lengths = self.lengths
        return {
            "episodes": len(lengths),
            "steps": self.steps,
            "seconds": round(self.seconds, 3),
            "images": self.images,
            "warnings": list(self.warnings),
            "episode_steps": {"min": min(lengths), "median": float(np.median(lengths)), "max": max(lengths)},
            "tasks": dict(self.tasks),
            "timing": {"fps": self.fps, "odd_steps": self.odd_steps, "largest_gap_s": round(self.largest_gap_s, 6)},
            "constant": dict(self.constant),
            "cameras": {
                key: {
                    "black": [stretch.to_dict() for stretch in camera.black],
                    "frozen": [stretch.to_dict() for stretch in camera.frozen],
                }
                for key, camera in self.cameras.items()
            },
            "action_offset": {
                "window_steps": self.window,
                "elements": {offset.name: offset.to_dict() for offset in self.offsets},
            },
            "statistics": stats_to_dict(self.stats),
        }


class Verification:
    """Gathers a report. Holds sums, counts and findings, but no data: what it takes does not grow with the steps."""

    def __init__(self, spec: DatasetSpec) -> None:
        """Start for datasets of one description."""
        self._spec = spec
        self._lengths: list[int] = []
        self._seconds = 0.0
        self._images = 0
        self._odd_steps = 0
        self._largest_gap_s = 0.0
        self._tasks: dict[str, int] = {}
        self._black: dict[str, list[Stretch]] = {}
        self._still: dict[str, list[StillStretch]] = {}
        self._offsets = ActionOffsets(spec)
        self._warnings: list[str] = []

    def add(self, table: EpisodeTable, watched: Mapping[str, Watched]) -> None:
        """Take in an episode.

        Args:
            table: its vectors.
            watched: what was seen of its cameras in all steps; those that are left out were not looked at.
        """
        self._lengths.append(len(table))
        self._seconds += float(np.ptp(table.timestamps_s)) + 1 / self._spec.fps
        self._images += len(table) * len(watched)
        self._odd_steps += odd_gaps(table, self._spec.fps)
        self._largest_gap_s = max(self._largest_gap_s, float(np.diff(table.timestamps_s).max(initial=0.0)))
        self._tasks[table.task] = self._tasks.get(table.task, 0) + 1
        self._offsets.add(table)
        self._warnings += finite_findings(table) + timing_findings(table, self._spec.fps)
        for key, seen in watched.items():
            black = black_stretches(table.index, seen)
            self._warnings += black_findings(key, black, len(table))
            self._black.setdefault(key, []).extend(black)
            self._still.setdefault(key, []).extend(still_stretches(table.index, seen, table.state, self._spec.fps))

    def report(self, stats: Stats) -> Report:
        """What was found so far.

        Args:
            stats: of state, action and, where they are known, cameras.
        """
        state = stats[self._spec.state.key]
        cameras = {
            key: CameraReport(
                tuple(self._black[key]),
                tuple(item.stretch for item in self._still[key] if item.is_frozen(state.max - state.min)),
            )
            for key in self._black
        }
        offsets = self._offsets.result()
        warnings = list(self._warnings)
        for key, camera in cameras.items():
            warnings += frozen_findings(key, camera.frozen)
        warnings += constant_findings(self._spec, stats) + offset_findings(offsets)
        return Report(
            fps=self._spec.fps,
            lengths=tuple(self._lengths),
            seconds=self._seconds,
            images=self._images,
            odd_steps=self._odd_steps,
            largest_gap_s=self._largest_gap_s,
            constant=constant_elements(self._spec, stats),
            cameras=cameras,
            offsets=offsets,
            window=self._offsets.window,
            tasks=self._tasks,
            stats=stats,
            warnings=tuple(warnings),
        )
